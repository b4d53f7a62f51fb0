package main

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"time"

	"github.com/spf13/cobra"

	"github.com/probity/probity/internal/sample"
)

type sampleOptions struct {
	dir, day string
	seed     uint64
	scale    int
}

func (a *app) sampleCommand() *cobra.Command {
	var o sampleOptions
	cmd := &cobra.Command{
		Use:   "sample",
		Short: "Write an invented cluster and one day of its logs",
		Long: "Write an invented cluster, one day of its audit logs, flow logs and benchmark results, and report definitions.\n" +
			"The same seed and day give the same bytes.",
		Args: noArgs,
		RunE: func(*cobra.Command, []string) error { return a.sample(&o) },
	}
	cmd.Flags().StringVar(&o.dir, "dir", "sample", "folder to write to; it must not exist")
	cmd.Flags().StringVar(&o.day, "day", "", "the day, as 2026-11-21 (default: yesterday, UTC)")
	cmd.Flags().Uint64Var(&o.seed, "seed", 1, "what the invention starts from")
	cmd.Flags().IntVar(&o.scale, "scale", 1, "multiplies pods, nodes and flow records, 1 to 1000")
	return cmd
}

func (a *app) sample(o *sampleOptions) error {
	day, err := o.start()
	if err != nil {
		return err
	}
	summary, err := writeSample(o.dir, sample.Options{Seed: o.seed, Day: day, Scale: o.scale})
	if err != nil {
		return err
	}
	return a.print(summary, func() table {
		return table{rows: [][]string{
			{"folder", o.dir}, {"day", day.Format(time.DateOnly)}, {"files", fmt.Sprint(summary.Files)},
			{"bytes", fmt.Sprint(summary.Bytes)}, {"pods", fmt.Sprint(summary.Pods)},
			{"audit events", fmt.Sprint(summary.AuditEvents)}, {"flow records", fmt.Sprint(summary.FlowRecords)},
		}}
	})
}

func (o *sampleOptions) start() (time.Time, error) {
	if o.day == "" {
		return time.Now().UTC().Truncate(24*time.Hour).AddDate(0, 0, -1), nil
	}
	day, err := time.Parse(time.DateOnly, o.day)
	if err != nil {
		return time.Time{}, usage("--day is %q: give a day like 2026-11-21", o.day)
	}
	return day, nil
}

// writeSample writes into a folder that appears only when everything is in it.
func writeSample(dir string, o sample.Options) (sample.Summary, error) {
	if _, err := os.Stat(dir); err == nil {
		return sample.Summary{}, usage("folder %s exists: name another with --dir, or remove it", dir)
	}
	partial := dir + ".partial"
	if err := os.RemoveAll(partial); err != nil {
		return sample.Summary{}, fmt.Errorf("write sample: %w", err)
	}
	summary, err := sample.Generate(o, folderOutput(partial))
	if err != nil {
		return summary, fmt.Errorf("write sample: %w", err)
	}
	if err := os.Rename(partial, dir); err != nil {
		return summary, fmt.Errorf("write sample: %w", err)
	}
	return summary, nil
}

// folderOutput creates the files of a sample below a folder.
type folderOutput string

// Create makes one file and the folders above it.
func (f folderOutput) Create(name string) (io.WriteCloser, error) {
	path := filepath.Join(string(f), filepath.FromSlash(name))
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return nil, err
	}
	file, err := os.Create(path)
	if err != nil {
		return nil, err
	}
	return &bufferedFile{Writer: bufio.NewWriterSize(file, 1<<20), file: file}, nil
}

type bufferedFile struct {
	*bufio.Writer
	file *os.File
}

func (b *bufferedFile) Close() error {
	flushed := b.Flush()
	if err := b.file.Close(); flushed == nil {
		return err
	}
	return flushed
}
