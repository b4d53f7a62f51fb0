package main

import (
	"errors"

	"github.com/spf13/cobra"
)

// group makes a command that only has commands below it: alone it prints its help, and what it does not know is refused.
func group(cmd *cobra.Command) *cobra.Command {
	cmd.Args = func(cmd *cobra.Command, args []string) error {
		if len(args) == 0 {
			return nil
		}
		return usage("unknown command %q: `%s --help` lists them", args[0], cmd.CommandPath())
	}
	cmd.RunE = func(cmd *cobra.Command, _ []string) error { return cmd.Help() }
	return cmd
}

// noArgs refuses arguments.
func noArgs(cmd *cobra.Command, args []string) error {
	if len(args) == 0 {
		return nil
	}
	return usage("unknown argument %q: `%s --help` says what it takes", args[0], cmd.CommandPath())
}

// oneArg wants exactly one argument and says what it is.
func oneArg(what string) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		switch len(args) {
		case 1:
			return nil
		case 0:
			return &exitError{exitUsage, errors.New("give " + what)}
		}
		return usage("give %s alone, not %d arguments", what, len(args))
	}
}

// someArgs wants one argument or more and says what they are.
func someArgs(what string) cobra.PositionalArgs {
	return func(_ *cobra.Command, args []string) error {
		if len(args) == 0 {
			return &exitError{exitUsage, errors.New("give " + what)}
		}
		return nil
	}
}
