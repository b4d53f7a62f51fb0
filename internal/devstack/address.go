package devstack

// Address tells where a running stack is. It is what the program prints as one JSON line when it is ready.
type Address struct {
	Temporal  string `json:"temporal"` // "127.0.0.1:7233"
	Namespace string `json:"namespace"`
	UI        string `json:"ui"` // "http://127.0.0.1:8233"
	S3        S3     `json:"s3"`
	Folder    string `json:"folder"` // with everything that is kept
	Log       string `json:"log"`    // file with the servers' log
	PID       int    `json:"pid"`
}

// S3 tells where the object store is and how to sign in.
type S3 struct {
	Endpoint        string `json:"endpoint"` // "http://127.0.0.1:9000"; buckets are addressed in the path
	Region          string `json:"region"`
	Bucket          string `json:"bucket"` // with object lock and versions
	AccessKey       string `json:"accessKey"`
	SecretKey       string `json:"secretKey"`
	CredentialsFile string `json:"credentialsFile"` // the keys in the form that AWS tools read
}
