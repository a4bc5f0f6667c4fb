package demo

import (
	"fmt"
	"io"
	"text/tabwriter"
)

// Describe prints what a newcomer needs: the warning, the addresses, and the people. bold is for a terminal.
func (d *Demo) Describe(w io.Writer, bold bool) error {
	banner := " " + Banner + " "
	if bold {
		banner = "\x1b[7m" + banner + "\x1b[0m"
	}
	t := tabwriter.NewWriter(w, 0, 0, 2, ' ', 0)
	fmt.Fprintf(t, "lanyard demo %s  %s\n\n", d.options.Version, banner)
	fmt.Fprintf(t, "Start here\t%s\n", d.URL())
	for _, a := range d.apps() {
		fmt.Fprintf(t, "%s\t%s\t%s\n", a.Name, a.URL, a.Protocol)
	}
	fmt.Fprintf(t, "\nPERSON\tUID\tROLES\tTRY IT FOR\n")
	for _, p := range d.people {
		fmt.Fprintf(t, "%s\t%s\t%d\t%s\n", p.Person.Name, p.Person.UID, len(p.Person.Roles), p.Note)
	}
	if d.temporary {
		fmt.Fprintf(t, "\nNothing is kept. With --dir DIR it is, with demo.json for scripts and demo.yaml for other commands.\n")
	} else {
		fmt.Fprintf(t, "\nFor scripts: %s/%s\n", d.dir, manifestName)
		fmt.Fprintf(t, "For other commands: lanyard partner list --lab --config %s/%s\n", d.dir, settingsName)
	}
	fmt.Fprintf(t, "Press Ctrl-C to stop.\n")
	return t.Flush()
}
