// Package blob keeps objects in a bucket: [S3] on any server that speaks S3, [Memory] for tests, both with the same behaviour,
// which the suite in blobtest states.
//
// Both satisfy the ports that the activities and the evidence package declare. Bodies are seekable, since they are hashed
// before they are sent and sent again when the network fails; Stream takes others, and holds a part of them at a time. Every
// object carries its SHA-256, which [Read] checks. What is written with PutIfAbsent or Stream is meant to stay: it fails when the
// key is taken, and is locked where a lock is configured.
//
// Errors tell their kind to errors.Is: [ErrNotFound], [ErrExists], [ErrDenied], [ErrUnsupported], [ErrDiffers].
package blob
