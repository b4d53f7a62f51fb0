package main

import (
	"context"
	"fmt"
	"os"

	"github.com/spf13/cobra"

	"github.com/probity/probity/internal/catalogue"
	"github.com/probity/probity/internal/evidence"
)

func (a *app) verifyCommand() *cobra.Command {
	var o verifyOptions
	cmd := &cobra.Command{
		Use:   "verify REPORT",
		Short: "Check a bundle, or a report's whole chain, against its manifests",
		Long: "Read every object of a bundle and compare it with the manifest: size, SHA-256, nothing missing, nothing added.\n" +
			"With --chain every bundle of the report is read, and the links from each manifest to the one before are followed.\n" +
			"With --from the archive is a folder that the bucket was copied to: nothing is asked of any server.\n\n" + exitHelp,
		Args: oneArg("the name of a report"),
		RunE: func(cmd *cobra.Command, args []string) error {
			archive, err := a.archive(cmd.Context(), o.from)
			if err != nil {
				return err
			}
			if o.chain {
				return a.verifyChain(cmd.Context(), archive, args[0])
			}
			return a.verifyOne(cmd.Context(), archive, &o.which, args[0])
		},
	}
	o.register(cmd)
	cmd.Flags().StringVar(&o.from, "from", "", "folder with a copy of the bucket (default: the bucket)")
	cmd.Flags().BoolVar(&o.chain, "chain", false, "every bundle of the report, and the links between them")
	return cmd
}

type verifyOptions struct {
	which
	chain bool
	from  string
}

// archive is the catalogue of the bucket, or of a folder that it was copied to.
func (a *app) archive(ctx context.Context, from string) (*catalogue.Catalogue, error) {
	if from == "" {
		return a.catalogue(ctx)
	}
	if info, err := os.Stat(from); err != nil || !info.IsDir() {
		return nil, usage("--from is %q: give a folder that the bucket was copied to", from)
	}
	layout, err := a.layout()
	if err != nil {
		return nil, err
	}
	return catalogue.New(evidence.FS{From: os.DirFS(from)}, layout), nil
}

// verified is what verify prints.
type verified struct {
	Report  string `json:"report"`
	Bundles int    `json:"bundles"`
	evidence.Verification
}

func (a *app) verifyOne(ctx context.Context, c *catalogue.Catalogue, w *which, name string) error {
	bundle, err := w.find(ctx, c, name)
	if err != nil {
		return err
	}
	found, err := evidence.Verify(ctx, c.Reader(), bundle.Folder, bundle.Manifest)
	if err != nil {
		return err
	}
	return a.printVerified(&verified{Report: name, Bundles: 1, Verification: found})
}

func (a *app) verifyChain(ctx context.Context, c *catalogue.Catalogue, name string) error {
	ids, err := c.Bundles(ctx, name)
	if err != nil {
		return err
	}
	if len(ids) == 0 {
		_, err := (&which{}).find(ctx, c, name)
		return err
	}
	all := evidence.Verification{}
	var sealed []evidence.Sealed
	for _, id := range ids {
		bundle, err := c.Open(ctx, id)
		if err != nil {
			return err
		}
		one, found, err := evidence.VerifyBundle(ctx, c.Reader(), bundle.Folder)
		if err != nil {
			return err
		}
		all.Objects, all.Bytes = all.Objects+found.Objects, all.Bytes+found.Bytes
		all.Faults = append(all.Faults, found.Faults...)
		sealed = append(sealed, one)
		fmt.Fprintf(a.err, "%s: %d objects, %d faults\n", id, found.Objects, len(found.Faults))
	}
	all.Faults = append(all.Faults, evidence.VerifyChain(sealed)...)
	return a.printVerified(&verified{Report: name, Bundles: len(ids), Verification: all})
}

func (a *app) printVerified(v *verified) error {
	err := a.print(v, func() table {
		t := table{rows: [][]string{{"report", v.Report}, {"bundles", fmt.Sprint(v.Bundles)},
			{"objects", fmt.Sprintf("%d checked, %d bytes", v.Objects, v.Bytes)}}}
		for _, fault := range v.Faults {
			t.rows = append(t.rows, []string{fault.Kind, fault.Key + ": " + fault.Text})
		}
		if v.OK() {
			t.rows = append(t.rows, []string{"result", "everything is as the manifest says"})
		}
		return t
	})
	if err == nil && !v.OK() {
		return &exitError{exitAltered, fmt.Errorf("%d things are not as the manifest says", len(v.Faults))}
	}
	return err
}
