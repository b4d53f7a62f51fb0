package config_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

func TestReceiveSettings(t *testing.T) {
	c, _, err := load(t, []string{"--receive-file-mib=8"}, []string{"PROBITY_RECEIVE_CLIENT_NAMES=goldmane,relay"},
		"receive: {folder: /flows, clientCaFile: /ca.pem, certFile: /c.pem, fileAge: 30s, fileMib: 9, bodyMib: 1}")
	require.NoError(t, err)
	require.NoError(t, c.Validate())
	require.Equal(t, []string{"goldmane", "relay"}, c.Receive.ClientNames)
	require.Equal(t, "/ca.pem", c.Receive.ClientCaFile)
	require.Equal(t, "/c.pem", c.Receive.CertFile)
	require.Equal(t, 30*time.Second, c.Receive.FileAge)
	require.Equal(t, 8, c.Receive.FileMiB)
	require.Equal(t, ":8443", c.Receive.Address)
}

func TestReceiveMistakes(t *testing.T) {
	for _, test := range []struct{ flag, says string }{
		{"--receive-file-age=2h", "receive.fileAge is 2h0m0s: use 1s to 1h"},
		{"--receive-file-mib=0", "receive.fileMib is 0: use 1 to 4096"},
		{"--receive-body-mib=5000", "receive.bodyMib is 5000: use 1 to 4096"},
		{"--receive-parallel=0", "receive.parallel is 0: use 1 to 64"},
		{"--receive-window=-1s", "receive.window is -1s: use 0s to 24h"},
	} {
		t.Run(test.flag, func(t *testing.T) {
			c, _, err := load(t, []string{test.flag}, nil, "")
			require.NoError(t, err)
			require.EqualError(t, c.Validate(), test.says)
		})
	}
}
