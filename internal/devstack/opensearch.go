package devstack

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strconv"
)

// OpenSearchOptions tell how to start a real OpenSearch server.
type OpenSearchOptions struct {
	// Jars is the folder of the built server: bin/opensearch/plain of the repository, or one beside it.
	Jars   string
	Folder string // keeps documents and the log; made when it is missing
	Port   int    // zero picks a free one
	Heap   int    // MiB of the Java heap; zero means 1024
	// Brief starts the server with half the work and lets it compute slower: right for tests, wrong for benchmarks.
	Brief bool
	// Settings are added to the server's own, as in its opensearch.yml: "search.max_buckets": "1000".
	Settings map[string]string
	// Client asks the server whether it is ready; nil suits a server without TLS and sign-in.
	Client *http.Client
}

// OpenSearchAddress tells where a running OpenSearch server is. Its launcher prints all but the files as one JSON line when it serves HTTP.
type OpenSearchAddress struct {
	Address string `json:"address"` // "http://127.0.0.1:9200"
	Version string `json:"version"` // "2.19.6"
	PID     int    `json:"pid"`
	Folder  string `json:"folder"` // with everything that is kept
	Log     string `json:"log"`    // file with the server's log
}

// OpenSearchChild is a running OpenSearch server. It ends with this process, however this process ends.
type OpenSearchChild struct {
	*program
	Address OpenSearchAddress
}

// StartOpenSearch runs an OpenSearch server on loopback and returns when it has loaded the indices of its folder. When the context
// ends first, it is stopped. It needs Java 17 or newer: that of JAVA_HOME, else the one on the PATH. The error of a server that is not
// built, or does not start, is one sentence.
func StartOpenSearch(ctx context.Context, o OpenSearchOptions) (*OpenSearchChild, error) {
	if _, err := os.Stat(filepath.Join(o.Jars, "sources")); err != nil {
		return nil, fmt.Errorf("OpenSearch is not in %s: build it with `make build-opensearch`", o.Jars)
	}
	java, err := findJava()
	if err != nil {
		return nil, err
	}
	jars, err := filepath.Abs(o.Jars)
	if err != nil {
		return nil, fmt.Errorf("find folder %s: %w", o.Jars, err)
	}
	folder, err := filepath.Abs(o.Folder)
	if err != nil {
		return nil, fmt.Errorf("find folder %s: %w", o.Folder, err)
	}
	if err := os.MkdirAll(folder, 0o700); err != nil {
		return nil, fmt.Errorf("make the folder of OpenSearch: %w", err)
	}
	c := &OpenSearchChild{Address: OpenSearchAddress{Folder: folder, Log: filepath.Join(folder, "opensearch.log")}}
	if c.program, err = startProgram(ctx, java, o.arguments(jars, &c.Address), nil, &c.Address); err != nil {
		return nil, err
	}
	if err := c.recovered(ctx, cmp.Or(o.Client, http.DefaultClient)); err != nil {
		return nil, errors.Join(err, c.Stop())
	}
	return c, nil
}

// arguments name the jars as the build did: Java takes the archive of their classes only for the same class path.
func (o *OpenSearchOptions) arguments(jars string, at *OpenSearchAddress) []string {
	heap := strconv.Itoa(cmp.Or(o.Heap, 1024))
	// Java warns on standard output, where the address line is expected; it goes on without an archive that does not fit.
	args := []string{"-Xlog:disable", "-Xlog:all=error:stderr", "-XX:SharedArchiveFile=" + filepath.Join(jars, "classes.jsa"),
		"-Xms" + heap + "m", "-Xmx" + heap + "m", "-Dprobity.log=" + at.Log}
	if o.Brief {
		args = append(args, "-XX:TieredStopAtLevel=1")
	}
	args = append(args, "-cp", filepath.Join(jars, "*"), "Launcher", at.Folder, "http.port="+strconv.Itoa(o.Port))
	var settings []string
	for name, value := range o.Settings {
		settings = append(settings, name+"="+value)
	}
	slices.Sort(settings)
	return append(args, settings...)
}

func findJava() (string, error) {
	if home := os.Getenv("JAVA_HOME"); home != "" {
		return filepath.Join(home, "bin", "java"), nil
	}
	java, err := exec.LookPath("java")
	if err != nil {
		return "", errors.New("OpenSearch needs Java, which is not on the PATH: install a JDK, 17 or newer")
	}
	return java, nil
}
