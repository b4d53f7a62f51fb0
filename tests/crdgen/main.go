// Command crdgen writes Probity's definitions of GlobalReport and GlobalReportType: generated from the published Go types with
// controller-tools, without their comments, and then with what the types cannot say: descriptions, the status fields that are
// Probity's own, columns, short names, bounds and rules.
package main

import (
	"bytes"
	"flag"
	"fmt"
	"os"
	"path/filepath"
)

func main() {
	dir := flag.String("dir", "../../deploy/crds", "folder of the definitions")
	check := flag.Bool("check", false, "write nothing; fail when a file differs from what would be written")
	flag.Parse()
	if err := run(*dir, *check); err != nil {
		fmt.Fprintf(os.Stderr, "crdgen: %v\n", err)
		os.Exit(1)
	}
}

func run(dir string, check bool) error {
	files, err := build()
	if err != nil {
		return err
	}
	for _, f := range files {
		path := filepath.Join(dir, f.name)
		if !check {
			if err := os.WriteFile(path, f.content, 0o644); err != nil {
				return fmt.Errorf("write definition: %w", err)
			}
			continue
		}
		have, err := os.ReadFile(path)
		if err != nil {
			return fmt.Errorf("read definition: %w", err)
		}
		if !bytes.Equal(have, f.content) {
			return fmt.Errorf("%s is not what the types and the rules give: run make generate, and commit it", path)
		}
	}
	return nil
}
