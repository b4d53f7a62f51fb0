// Package blobtest states how a bucket behaves, as a suite that runs against every implementation, and makes buckets fail.
package blobtest
