package main

import (
	"cmp"
	"fmt"
	"strings"

	"github.com/spf13/cobra"
)

// strict makes every mistake on the command line exit 2: a word that is no command, too many or too few
// arguments, a flag that is missing.
func strict(c *cobra.Command) {
	if c.HasSubCommands() {
		c.Args, c.RunE, c.SuggestionsMinimumDistance = cobra.ArbitraryArgs, chooseSubcommand, 2
		for _, sub := range c.Commands() {
			strict(sub)
		}
		return
	}
	args := c.Args
	c.Args = func(cmd *cobra.Command, given []string) error {
		if err := args(cmd, given); err != nil {
			return misused(cmd, err)
		}
		return nil
	}
	c.PreRunE = func(cmd *cobra.Command, _ []string) error {
		if err := cmp.Or(cmd.ValidateRequiredFlags(), cmd.ValidateFlagGroups()); err != nil {
			return misused(cmd, err)
		}
		return nil
	}
}

func misused(cmd *cobra.Command, err error) error {
	return exitError{exitUsage, fmt.Errorf("%w; `%s --help` says how", err, cmd.CommandPath())}
}

// chooseSubcommand runs when no command below c was named, or none that exists. The program's own name alone is a
// way to ask for help.
func chooseSubcommand(c *cobra.Command, args []string) error {
	if len(args) == 0 {
		if !c.HasParent() {
			return c.Help()
		}
		c.SetOut(c.ErrOrStderr())
		if err := c.Help(); err != nil {
			return err
		}
		return exitError{code: exitUsage}
	}
	text := fmt.Sprintf("%q is not a command of `%s`", args[0], c.CommandPath())
	if near := c.SuggestionsFor(args[0]); len(near) > 0 {
		text += "; did you mean " + strings.Join(near, " or ") + "?"
	}
	return exitError{exitUsage, fmt.Errorf("%s", text)}
}

// examplesFirst moves the examples of cobra's template before the rest: most who ask for help want one to copy.
func examplesFirst(template string) string {
	const begin, end = "{{if .HasExample}}", "{{end}}"
	before, rest, ok := strings.Cut(template, begin)
	body, after, ok2 := strings.Cut(rest, end)
	if !ok || !ok2 {
		return template
	}
	return begin + strings.TrimLeft(body, "\n") + "\n\n" + end + before + after
}

// inFile says what is wrong in a file, without the prefixes by which the rooms name their errors.
func inFile(file string, err error, prefixes ...error) error {
	text := err.Error()
	for _, p := range prefixes {
		text = strings.ReplaceAll(text, p.Error()+": ", "")
	}
	if strings.Contains(text, "\n") {
		text = "\n  " + strings.ReplaceAll(text, "\n", "\n  ")
	} else {
		text = " " + text
	}
	return fmt.Errorf("%s:%s", file, text)
}
