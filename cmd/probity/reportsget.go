package main

import (
	"archive/zip"
	"context"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/spf13/cobra"

	"github.com/probity/probity/internal/catalogue"
	"github.com/probity/probity/internal/evidence"
	"github.com/probity/probity/internal/render"
)

type getOptions struct {
	which
	file, to string
	zip      bool
}

func (a *app) reportsGetCommand() *cobra.Command {
	var o getOptions
	cmd := &cobra.Command{
		Use:   "get REPORT",
		Short: "Download the files of a bundle, or one of them, or a zip",
		Long: "Download the files of the newest bundle of a report. Files are named <type>_<report>_<start>-<end>-<file>, a zip\n" +
			"<report>_<type>_<report id>.zip. Every file is checked against the manifest before it is written.\n\n" + exitHelp,
		Example: "  probity reports get daily-inventory --file endpoints.csv\n  probity reports get daily-inventory --zip --to /tmp",
		Args:    oneArg("the name of a report"),
		RunE:    func(cmd *cobra.Command, args []string) error { return a.reportsGet(cmd.Context(), &o, args[0]) },
	}
	o.register(cmd)
	cmd.Flags().StringVar(&o.file, "file", "", "one file only, for example endpoints.csv; \"-\" as --to prints it")
	cmd.Flags().StringVar(&o.to, "to", ".", "folder to write to, or - for standard output (with --file)")
	cmd.Flags().BoolVar(&o.zip, "zip", false, "one zip file with everything")
	return cmd
}

func (a *app) reportsGet(ctx context.Context, o *getOptions, name string) error {
	if o.to == "-" && o.file == "" {
		return usage("--to - prints one file: name it with --file")
	}
	c, err := a.catalogue(ctx)
	if err != nil {
		return err
	}
	bundle, err := o.find(ctx, c, name)
	if err != nil {
		return err
	}
	if o.zip {
		return a.getZip(ctx, c, bundle, o.to)
	}
	wanted := 0
	for _, object := range bundle.Manifest.Objects {
		if o.file != "" && object.Key != o.file && strings.TrimPrefix(object.Key, evidence.DownloadsName) != o.file {
			continue
		}
		wanted++
		if err := a.getFile(ctx, c, bundle, object.Key, o.to); err != nil {
			return err
		}
	}
	if wanted == 0 {
		return &exitError{exitNotFound, fmt.Errorf("bundle %s has no file %q; `probity reports show %s` lists them",
			bundle.Manifest.BundleID(), o.file, name)}
	}
	return nil
}

// downloadName is the name that the old product gave to the same file.
func downloadName(m *evidence.Manifest, key string) string {
	return render.FileName(m.Type, m.Report, m.Interval, strings.TrimPrefix(key, evidence.DownloadsName))
}

func (a *app) getFile(ctx context.Context, c *catalogue.Catalogue, bundle *catalogue.Bundle, key, to string) error {
	data, err := c.Read(ctx, bundle, key)
	if err != nil {
		return err
	}
	if to == "-" {
		_, err := a.out.Write(data)
		return err
	}
	path := filepath.Join(to, downloadName(&bundle.Manifest, key))
	if err := writeWhole(path, data); err != nil {
		return err
	}
	fmt.Fprintln(a.out, path)
	return nil
}

func (a *app) getZip(ctx context.Context, c *catalogue.Catalogue, bundle *catalogue.Bundle, to string) error {
	m := &bundle.Manifest
	path := filepath.Join(to, fmt.Sprintf("%s_%s_%s.zip", m.Report, m.Type, m.ID))
	file, err := os.CreateTemp(to, ".probity-*")
	if err != nil {
		return fmt.Errorf("create zip: %w", err)
	}
	defer os.Remove(file.Name())
	defer file.Close()
	archive := zip.NewWriter(file)
	for _, object := range m.Objects {
		data, err := c.Read(ctx, bundle, object.Key)
		if err != nil {
			return err
		}
		// The entry's time is the interval's end: the same bundle gives the same zip.
		entry, err := archive.CreateHeader(&zip.FileHeader{Name: downloadName(m, object.Key), Method: zip.Deflate, Modified: m.Interval.End})
		if err != nil {
			return fmt.Errorf("write zip: %w", err)
		}
		if _, err := entry.Write(data); err != nil {
			return fmt.Errorf("write zip: %w", err)
		}
	}
	if err := archive.Close(); err != nil {
		return fmt.Errorf("write zip: %w", err)
	}
	if err := file.Chmod(0o644); err != nil {
		return fmt.Errorf("write zip: %w", err)
	}
	if err := os.Rename(file.Name(), path); err != nil {
		return fmt.Errorf("write zip: %w", err)
	}
	fmt.Fprintln(a.out, path)
	return nil
}

// writeWhole writes a file that is there in full or not at all.
func writeWhole(path string, data []byte) error {
	file, err := os.CreateTemp(filepath.Dir(path), ".probity-*")
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	defer os.Remove(file.Name())
	_, err = file.Write(data)
	if closeErr := file.Close(); err == nil {
		err = closeErr
	}
	if err == nil {
		err = os.Chmod(file.Name(), 0o644)
	}
	if err == nil {
		err = os.Rename(file.Name(), path)
	}
	if err != nil {
		return fmt.Errorf("write %s: %w", path, err)
	}
	return nil
}
