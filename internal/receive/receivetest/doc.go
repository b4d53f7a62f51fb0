// Package receivetest plays the other side of a receiver of flows in tests: an emitter that pushes as Goldmane's does.
package receivetest
