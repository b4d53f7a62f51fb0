// Package receivetest plays the other side of a receiver of flows in tests: an authority with certificates, and an emitter that
// pushes as Goldmane's does.
package receivetest
