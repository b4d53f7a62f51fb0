package flow

const maxPort = 65535

func (t EndType) known() bool { return t == Workload || t == Host || t == NetworkSet || t == Network }
