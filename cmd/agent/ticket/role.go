package ticket

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"os/exec"
	"strconv"
	"strings"
	"time"
)

// Role is a role profile that the hub offers.
type Role struct {
	ID           string // of the role profile
	Organisation string // ODS code
	Name         string // organisation and role, as the hub words them
}

// roles are the parameters nhsjobrole0..n, in order.
func (o object) roles() []Role {
	var out []Role
	for i := range maxParams {
		name := "nhsjobrole" + strconv.Itoa(i)
		for _, p := range o {
			if p.name == name {
				out = append(out, Role{p.attributes["id"], p.attributes["orgcode"], strings.TrimSpace(p.text)})
			}
		}
		if len(out) != i+1 {
			break
		}
	}
	return out
}

// Chooser chooses among several roles.
type Chooser struct {
	Prefer  []string // ids of role profiles; the first that is offered is taken
	Command []string // is given a line "id, tab, organisation, tab, name" for each role and prints an id
	Timeout time.Duration
}

// errRole: there are several, and nobody chose.
var errRole = errors.New("ticket: several roles, and none is chosen")

// choose returns the role to use; wanted comes first. One role needs no choice. A wanted role that is not offered is an error.
func (c Chooser) choose(ctx context.Context, roles []Role, wanted string) (Role, error) {
	switch {
	case wanted != "":
		return named(roles, wanted)
	case len(roles) == 1:
		return roles[0], nil
	}
	for _, id := range c.Prefer {
		if r, err := named(roles, id); err == nil {
			return r, nil
		}
	}
	if len(c.Command) == 0 {
		return Role{}, errRole
	}
	return c.ask(ctx, roles)
}

func named(roles []Role, id string) (Role, error) {
	for _, r := range roles {
		if r.ID == id {
			return r, nil
		}
	}
	return Role{}, fmt.Errorf("%w: the one that is wanted is not offered", errRole)
}

func (c Chooser) ask(ctx context.Context, roles []Role) (Role, error) {
	if c.Timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, c.Timeout)
		defer cancel()
	}
	var list bytes.Buffer
	plain := strings.NewReplacer("\t", " ", "\n", " ", "\r", " ")
	for _, r := range roles {
		fmt.Fprintf(&list, "%s\t%s\t%s\n", plain.Replace(r.ID), plain.Replace(r.Organisation), plain.Replace(r.Name))
	}
	cmd := exec.CommandContext(ctx, c.Command[0], c.Command[1:]...)
	cmd.Stdin, cmd.WaitDelay = &list, time.Second
	out, err := cmd.Output()
	if err != nil {
		return Role{}, errRole // the person closed the list
	}
	return named(roles, strings.TrimSpace(string(out)))
}
