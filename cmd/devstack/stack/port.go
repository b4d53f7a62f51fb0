package stack

import (
	"errors"
	"net"
	"strconv"
	"sync"
	"syscall"
)

var (
	pickMu sync.Mutex
	picked = map[int]bool{}
)

// freePort tells whether a port can be listened on, or picks one when it is 0; a port is picked once in a process, since the
// kernel may offer it again before it is used.
func freePort(port int) (int, error) {
	pickMu.Lock()
	defer pickMu.Unlock()
	for {
		l, err := net.Listen("tcp", address(port))
		if err != nil {
			var number syscall.Errno
			if errors.As(err, &number) {
				return 0, number
			}
			return 0, err
		}
		found := l.Addr().(*net.TCPAddr).Port
		if err := l.Close(); err != nil {
			return 0, err
		}
		if port == 0 && picked[found] {
			continue
		}
		picked[found] = true
		return found, nil
	}
}

func address(port int) string { return net.JoinHostPort(host, strconv.Itoa(port)) }
