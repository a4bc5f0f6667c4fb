package pinentry_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/lanyard-hub/lanyard/cmd/agent/card"
	"github.com/lanyard-hub/lanyard/cmd/agent/pinentry"
)

// script writes a program for the shell.
func script(t *testing.T, text string) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "pinentry")
	if err := os.WriteFile(file, []byte("#!/bin/sh\n"+text), 0o700); err != nil {
		t.Fatal(err)
	}
	return file
}

// fake is a pinentry that writes what it is told to a file, and answers GETPIN and CONFIRM as given.
func fake(t *testing.T, getpin, confirm string) (path, log string) {
	t.Helper()
	log = filepath.Join(t.TempDir(), "log")
	return script(t, `echo "OK Pleased to meet you"
while read -r line; do
	echo "$line" >>`+log+`
	case $line in
	GETPIN) `+getpin+` ;;
	CONFIRM) `+confirm+` ;;
	SETTITLE*) echo "ERR 83886355 unknown command" ;;
	BYE) echo OK; exit 0 ;;
	*) echo OK ;;
	esac
done
`), log
}

func told(t *testing.T, log string) string {
	t.Helper()
	text, err := os.ReadFile(log)
	if err != nil {
		t.Fatal(err)
	}
	return string(text)
}

func TestPinentry(t *testing.T) {
	ask := func(path string, q card.Question) (string, error) {
		pin, err := pinentry.Program{Path: path, Timeout: 5 * time.Second}.AskPIN(t.Context(), q)
		return string(pin), err
	}
	t.Run("a PIN", func(t *testing.T) {
		path, log := fake(t, `echo "S PASSWORD_FROM_CACHE"; echo "# a comment"; echo "D 24%2568"; echo OK`, "echo OK")
		pin, err := ask(path, card.Question{Purpose: "Sign in to 100% of it.", Holder: "999000000001", Reader: "Reader A", Wrong: true, Tries: card.TriesFewer})
		if err != nil || pin != "24%68" {
			t.Errorf("%q, %v", pin, err)
		}
		for _, want := range []string{
			"SETDESC Sign in to 100%25 of it.%0ACard of 999000000001 in Reader A.%0A" + card.TriesFewer.Sentence() + "\n", "SETERROR ", "SETTIMEOUT 5\n", "BYE\n",
		} {
			if !strings.Contains(told(t, log), want) {
				t.Errorf("was not told %q:\n%s", want, told(t, log))
			}
		}
		if strings.Contains(told(t, log), "CONFIRM") {
			t.Error("was asked to confirm, with tries left")
		}
	})
	t.Run("235 the last try is agreed to first", func(t *testing.T) {
		path, log := fake(t, "echo D 1; echo OK", "echo OK")
		if pin, err := ask(path, card.Question{Tries: card.TriesLast}); err != nil || pin != "1" {
			t.Errorf("%q, %v", pin, err)
		}
		if text := told(t, log); strings.Index(text, "CONFIRM") > strings.Index(text, "GETPIN") || !strings.Contains(text, "CONFIRM") {
			t.Errorf("told:\n%s", text)
		}
		path, log = fake(t, "echo D 1; echo OK", `echo "ERR 83886194 not confirmed"`)
		if _, err := ask(path, card.Question{Tries: card.TriesLast}); !errors.Is(err, card.ErrCancelled) || strings.Contains(told(t, log), "GETPIN") {
			t.Errorf("%v: without a yes there is no question", err)
		}
		path, _ = fake(t, "", `echo OK`)
		if err := (pinentry.Program{Path: path}).Agree(t.Context(), card.Question{Tries: card.TriesLast}); err != nil {
			t.Error(err)
		}
	})
	failures := map[string]struct {
		getpin string
		want   error
	}{
		"cancelled":       {`echo "ERR 83886179 Operation cancelled <Pinentry>"`, card.ErrCancelled},
		"timed out":       {`echo "ERR 83886142 Timeout <Pinentry>"`, card.ErrCancelled},
		"no PIN":          {`echo OK`, nil},
		"two PINs":        {`echo "D 1"; echo "D 2"; echo OK`, errAny},
		"a bad escape":    {`echo "D 1%2"; echo OK`, errAny},
		"gone":            {`exit 0`, errAny},
		"nonsense":        {`echo "HELLO"`, errAny},
		"a line too long": {`head -c 5000 /dev/zero | tr '\0' x; echo; echo OK`, errAny},
		"without end":     {`yes "S status" | head -n 1000`, errAny},
	}
	for name, c := range failures {
		t.Run(name, func(t *testing.T) {
			path, _ := fake(t, c.getpin, "echo OK")
			pin, err := ask(path, card.Question{})
			if pin != "" || (err == nil) != (c.want == nil) || c.want != nil && c.want != errAny && !errors.Is(err, c.want) {
				t.Errorf("%q, %v", pin, err)
			}
		})
	}
	t.Run("nobody answers", func(t *testing.T) {
		path, _ := fake(t, "sleep 60", "")
		began := time.Now()
		_, err := pinentry.Program{Path: path, Timeout: 200 * time.Millisecond}.AskPIN(t.Context(), card.Question{})
		if !errors.Is(err, card.ErrCancelled) || time.Since(began) > 5*time.Second {
			t.Errorf("%v after %s", err, time.Since(began))
		}
	})
	t.Run("no program", func(t *testing.T) {
		if _, err := ask("/nonexistent", card.Question{}); !errors.Is(err, pinentry.ErrNoProgram) {
			t.Error(err)
		}
		t.Setenv("PATH", t.TempDir())
		if _, err := ask("", card.Question{}); !errors.Is(err, pinentry.ErrNoProgram) {
			t.Error(err)
		}
	})
}

var errAny = errors.New("any")

func TestCommand(t *testing.T) {
	ask := func(text string, q card.Question) (string, error) {
		pin, err := pinentry.Command{Args: []string{script(t, text)}, Timeout: 5 * time.Second}.AskPIN(t.Context(), q)
		return string(pin), err
	}
	q := card.Question{Purpose: "Sign in.", Wrong: true, Tries: card.TriesLast}
	if pin, err := ask(`[ "$LANYARD_PIN_WRONG$LANYARD_PIN_LAST" = 11 ] && echo "$LANYARD_PIN_TEXT" | grep -q "last try" && printf '2468\r\n'`, q); err != nil || pin != "2468" {
		t.Errorf("%q, %v", pin, err)
	}
	for name, text := range map[string]string{
		"refused": "exit 1", "a PIN and a failure": "echo 1; exit 1", "empty": "echo", "two lines": "echo 1; echo 2", "too long": "head -c 9999 /dev/zero | tr '\\0' 1",
	} {
		if pin, err := ask(text, q); pin != "" || !errors.Is(err, card.ErrCancelled) {
			t.Errorf("%s: %q, %v", name, pin, err)
		}
	}
}
