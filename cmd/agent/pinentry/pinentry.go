package pinentry

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"strconv"
	"time"

	"github.com/lanyard-hub/lanyard/cmd/agent/card"
)

// ErrNoProgram: there is no pinentry on this machine.
var ErrNoProgram = errors.New("pinentry: no program to ask for the PIN; set pin.program or pin.command")

// Program asks by a pinentry.
type Program struct {
	Path    string        // of the pinentry; empty: the first of names that is found
	Timeout time.Duration // how long the person has
	Env     []string      // of the program; nil: our own
}

// names are pinentries in order of preference: those with a window first.
var names = []string{"pinentry-gnome3", "pinentry-qt", "pinentry-gtk-2", "pinentry-x11", "pinentry-mac", "pinentry"}

func (p Program) path() (string, error) {
	if p.Path != "" {
		return p.Path, nil
	}
	for _, name := range names {
		if found, err := exec.LookPath(name); err == nil {
			return found, nil
		}
	}
	return "", ErrNoProgram
}

// AskPIN implements card.Prompt.
func (p Program) AskPIN(ctx context.Context, q card.Question) ([]byte, error) {
	var pin []byte
	err := p.dialogue(ctx, func(d *dialogue) error {
		if err := d.tell(q, p.Timeout); err != nil {
			return err
		}
		if q.Tries == card.TriesLast {
			if _, err := d.command("SETDESC " + escape(lastTry(q))); err != nil {
				return err
			}
			if _, err := d.command("CONFIRM"); err != nil {
				return err
			}
			if _, err := d.command("SETDESC " + escape(Text(q))); err != nil {
				return err
			}
		}
		var err error
		pin, err = d.command("GETPIN")
		return err
	})
	if err != nil {
		clear(pin)
		return nil, err
	}
	return pin, nil
}

// Agree implements card.Agreement.
func (p Program) Agree(ctx context.Context, q card.Question) error {
	return p.dialogue(ctx, func(d *dialogue) error {
		if err := d.tell(q, p.Timeout); err != nil {
			return err
		}
		_, err := d.command("CONFIRM")
		return err
	})
}

// dialogue runs the program for one question, and ends it.
func (p Program) dialogue(ctx context.Context, talk func(*dialogue) error) error {
	path, err := p.path()
	if err != nil {
		return err
	}
	if p.Timeout > 0 {
		var cancel context.CancelFunc
		ctx, cancel = context.WithTimeout(ctx, p.Timeout)
		defer cancel()
	}
	cmd := exec.CommandContext(ctx, path)
	cmd.Env, cmd.Stderr, cmd.WaitDelay = p.Env, io.Discard, time.Second
	in, err := cmd.StdinPipe()
	if err != nil {
		return err
	}
	out, err := cmd.StdoutPipe()
	if err != nil {
		return err
	}
	if err := cmd.Start(); err != nil {
		return fmt.Errorf("%w: %w", ErrNoProgram, err)
	}
	d := &dialogue{in: in, lines: lines{from: out}}
	defer d.lines.wipe()
	_, err = d.answer() // its greeting
	if err == nil {
		err = talk(d)
	}
	_, _ = io.WriteString(in, "BYE\n") // gone already is fine
	_ = in.Close()
	stop := time.AfterFunc(time.Second, func() { _ = cmd.Process.Kill() })
	_ = cmd.Wait() // how it ended does not matter: it answered, or it did not
	stop.Stop()
	if ctx.Err() != nil {
		return card.ErrCancelled
	}
	return err
}

// dialogue is one conversation with a pinentry.
type dialogue struct {
	in    io.Writer
	lines lines
}

// tell sets what the window says.
func (d *dialogue) tell(q card.Question, timeout time.Duration) error {
	commands := []string{"SETTITLE " + textTitle, "SETPROMPT " + textPrompt, "SETDESC " + escape(Text(q))}
	if q.Wrong {
		commands = append(commands, "SETERROR "+textWrong)
	}
	if timeout > 0 {
		commands = append(commands, "SETTIMEOUT "+strconv.Itoa(int(timeout.Seconds())))
	}
	if tty := os.Getenv("GPG_TTY"); tty != "" {
		commands = append(commands, "OPTION ttyname="+escape(tty))
	}
	for _, c := range commands {
		if _, err := d.command(c); err != nil && !errors.Is(err, errRefused) {
			return err // not every pinentry knows every command
		}
	}
	return nil
}

func (d *dialogue) command(line string) ([]byte, error) {
	if _, err := io.WriteString(d.in, line+"\n"); err != nil {
		return nil, err
	}
	return d.answer()
}

// errRefused: the program does not do what it was told.
var errRefused = errors.New("pinentry: refused")

// Codes of libgpg-error, without their source, that mean that the person said no.
const (
	codeTimeout      = 62
	codeCancelled    = 99
	codeNotConfirmed = 114
)

// answer reads up to OK or ERR and returns the data between, in memory of its own.
func (d *dialogue) answer() ([]byte, error) {
	var data []byte
	for range maxLines {
		line, err := d.lines.next()
		if err != nil {
			clear(data)
			return nil, fmt.Errorf("pinentry: %w", err)
		}
		word, rest, _ := bytes.Cut(line, []byte{' '})
		switch string(word) {
		case "OK":
			return data, nil
		case "D":
			value, err := unescape(rest)
			if err != nil || data != nil {
				clear(data)
				return nil, errLine // a PIN is one line
			}
			data = bytes.Clone(value)
		case "ERR":
			clear(data)
			return nil, refusal(rest)
		case "S", "#", "":
		default:
			if word[0] != '#' {
				clear(data)
				return nil, errLine
			}
		}
	}
	clear(data)
	return nil, errLine
}

// refusal reads the code of an ERR line; its text is for nobody.
func refusal(rest []byte) error {
	number, _, _ := bytes.Cut(rest, []byte{' '})
	code, err := strconv.ParseUint(string(number), 10, 32)
	switch {
	case err != nil:
		return errLine
	case code&0xffff == codeCancelled, code&0xffff == codeNotConfirmed, code&0xffff == codeTimeout:
		return card.ErrCancelled
	}
	return fmt.Errorf("%w: code %d", errRefused, code)
}
