package main

import (
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"github.com/probity/probity/tests/transcript"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"probity": main})
}

// TestScripts runs the transcripts of what needs no server. Those that do are in tests/integration.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{
		Dir:  "testdata/script",
		Cmds: map[string]func(*testscript.TestScript, bool, []string){"exits": transcript.Exits},
	})
}
