package main

import (
	"context"
	"fmt"

	"github.com/spf13/cobra"

	"github.com/probity/probity/internal/evidence"
)

func (a *app) verifyCommand() *cobra.Command {
	var w which
	var chain bool
	cmd := &cobra.Command{
		Use:   "verify REPORT",
		Short: "Check a bundle, or a report's whole chain, against its manifests",
		Long: "Read every object of a bundle and compare it with the manifest: size, SHA-256, nothing missing, nothing added.\n" +
			"With --chain every bundle of the report is read, and the links from each manifest to the one before are followed.\n\n" + exitHelp,
		Args: oneArg("the name of a report"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if chain {
				return a.verifyChain(cmd.Context(), args[0])
			}
			return a.verifyOne(cmd.Context(), &w, args[0])
		},
	}
	w.register(cmd)
	cmd.Flags().BoolVar(&chain, "chain", false, "every bundle of the report, and the links between them")
	return cmd
}

// verified is what verify prints.
type verified struct {
	Report  string `json:"report"`
	Bundles int    `json:"bundles"`
	evidence.Verification
}

func (a *app) verifyOne(ctx context.Context, w *which, name string) error {
	c, err := a.catalogue(ctx)
	if err != nil {
		return err
	}
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

func (a *app) verifyChain(ctx context.Context, name string) error {
	c, err := a.catalogue(ctx)
	if err != nil {
		return err
	}
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
