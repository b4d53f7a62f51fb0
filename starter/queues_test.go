package starter

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	taskqueuepb "go.temporal.io/api/taskqueue/v1"
	workerpb "go.temporal.io/api/worker/v1"
	"google.golang.org/protobuf/types/known/timestamppb"
)

func TestPolled(t *testing.T) {
	now := time.Date(2026, 11, 21, 12, 0, 0, 0, time.UTC)
	asked := func(name string, seconds int) *taskqueuepb.PollerInfo {
		at := now.Add(-time.Duration(seconds) * time.Second)
		return &taskqueuepb.PollerInfo{Identity: name, LastAccessTime: timestamppb.New(at)}
	}
	silent := []*workerpb.WorkerListInfo{{WorkerIdentity: "a"}}
	for name, test := range map[string]struct {
		pollers []*taskqueuepb.PollerInfo
		silent  []*workerpb.WorkerListInfo
		want    bool
	}{
		"nobody":                             {nil, nil, false},
		"without heartbeats, in a long poll": {[]*taskqueuepb.PollerInfo{asked("b", 69)}, silent, true},
		"without heartbeats, gone":           {[]*taskqueuepb.PollerInfo{asked("b", 70)}, silent, false},
		"silent, asked before that":          {[]*taskqueuepb.PollerInfo{asked("a", 40)}, silent, false},
		"silent, asked lately":               {[]*taskqueuepb.PollerInfo{asked("a", 39)}, silent, true},
		"one of two":                         {[]*taskqueuepb.PollerInfo{asked("a", 50), asked("b", 50)}, silent, true},
		"a clock that is ahead":              {[]*taskqueuepb.PollerInfo{asked("b", -5)}, nil, true},
	} {
		t.Run(name, func(t *testing.T) { require.Equal(t, test.want, polled(test.pollers, test.silent, now)) })
	}
}
