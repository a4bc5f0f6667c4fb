package pinentry

import (
	"context"
	"errors"
	"strings"
	"testing"
	"time"
	"unsafe"

	"golang.org/x/sys/windows"

	"github.com/lanyard-hub/lanyard/cmd/agent/card"
)

// Keys of a keyboard.
const (
	keyEnter  = 0x0d
	keyEscape = 0x1b
	keyTab    = 0x09
)

// person waits for a window and types; it sends on what the window said.
func person(t *testing.T, said chan<- string, keys ...byte) {
	handle := waitForWindow()
	if handle == 0 {
		t.Error("no window came")
		said <- ""
		return
	}
	text := textOf(handle, idText) + "|" + textOf(handle, idError)
	press(keys...)
	for end := time.Now().Add(5 * time.Second); time.Now().Before(end); time.Sleep(10 * time.Millisecond) {
		if there, _, _ := user32("IsWindow").Call(handle); there == 0 {
			break
		}
	}
	said <- text
}

// waitForWindow returns the window once it is in front of all others and has the keyboard.
func waitForWindow() uintptr {
	class, title := windows.StringToUTF16Ptr("#32770"), windows.StringToUTF16Ptr(textTitle)
	for end := time.Now().Add(20 * time.Second); time.Now().Before(end); time.Sleep(20 * time.Millisecond) {
		handle, _, _ := user32("FindWindowW").Call(uintptr(unsafe.Pointer(class)), uintptr(unsafe.Pointer(title)))
		front, _, _ := user32("GetForegroundWindow").Call()
		if handle != 0 && handle == front {
			return handle
		}
	}
	return 0
}

func textOf(handle uintptr, id int) string {
	var text [1024]uint16
	n, _, _ := user32("GetDlgItemTextW").Call(handle, uintptr(id), uintptr(unsafe.Pointer(&text[0])), uintptr(len(text)))
	return windows.UTF16ToString(text[:n])
}

// press presses keys as a keyboard does: they go to whatever has the focus.
func press(keys ...byte) {
	for _, k := range keys {
		_, _, _ = user32("keybd_event").Call(uintptr(k), 0, 0, 0)
		_, _, _ = user32("keybd_event").Call(uintptr(k), 0, 2, 0) // KEYEVENTF_KEYUP
		time.Sleep(30 * time.Millisecond)
	}
}

func TestWindow(t *testing.T) {
	w := &Window{Timeout: 20 * time.Second}
	q := card.Question{Purpose: "Sign in to hub.", Holder: "999000000001", Reader: "Reader A"}
	wrong := q
	wrong.Wrong, wrong.Tries = true, card.TriesFewer
	for name, c := range map[string]struct {
		question card.Question
		keys     []byte
		pin      string
		err      error
		says     string
	}{
		"a PIN":             {q, append([]byte("246810"), keyEnter), "246810", nil, "Sign in to hub.\nCard of 999000000001 in Reader A.|"},
		"after a wrong one": {wrong, append([]byte("1"), keyEnter), "1", nil, card.TriesFewer.Sentence() + "|" + textWrong},
		"cancelled":         {q, append([]byte("24"), keyEscape), "", card.ErrCancelled, ""},
		"no PIN":            {q, []byte{keyEnter, '7', keyEnter}, "7", nil, ""},
	} {
		t.Run(name, func(t *testing.T) {
			said := make(chan string, 1)
			go person(t, said, c.keys...)
			pin, err := w.AskPIN(t.Context(), c.question)
			if string(pin) != c.pin || !errors.Is(err, c.err) {
				t.Errorf("%q, %v", pin, err)
			}
			if text := <-said; !strings.Contains(text, c.says) {
				t.Errorf("it says %q, want %q", text, c.says)
			}
		})
	}
	t.Run("235 the last try is agreed to first, and Enter is no", func(t *testing.T) {
		last := q
		last.Tries = card.TriesLast
		said := make(chan string, 2)
		go person(t, said, keyEnter)
		if pin, err := w.AskPIN(t.Context(), last); pin != nil || !errors.Is(err, card.ErrCancelled) {
			t.Errorf("%q, %v", pin, err)
		}
		if text := <-said; !strings.HasPrefix(text, lastTry(last)) {
			t.Errorf("it says %q", text)
		}
		go func() {
			person(t, said, keyTab, ' ') // from OK, which has the keyboard, to Cancel
		}()
		if err := w.Agree(t.Context(), last); !errors.Is(err, card.ErrCancelled) {
			t.Error(err)
		}
		<-said
		go func() {
			person(t, said, ' ')
			person(t, said, '9', keyEnter)
		}()
		if pin, err := w.AskPIN(t.Context(), last); string(pin) != "9" || err != nil {
			t.Errorf("%q, %v", pin, err)
		}
	})
	t.Run("what is no PIN is wiped, and asked for again", func(t *testing.T) {
		left := make(chan string, 1)
		go func() {
			handle := waitForWindow()
			text := windows.StringToUTF16Ptr(strings.Repeat("ä", 40)) // more bytes than a PIN may have
			_, _, _ = user32("SetDlgItemTextW").Call(handle, idPIN, uintptr(unsafe.Pointer(text)))
			press(keyEnter)
			left <- textOf(handle, idPIN)
			press('3', keyEnter)
		}()
		if pin, err := w.AskPIN(t.Context(), q); string(pin) != "3" || err != nil {
			t.Errorf("%q, %v", pin, err)
		}
		if text := <-left; text != "" {
			t.Errorf("the window still holds %q", text)
		}
	})
	t.Run("nobody answers", func(t *testing.T) {
		began := time.Now()
		brief := &Window{Timeout: 300 * time.Millisecond}
		if _, err := brief.AskPIN(t.Context(), q); !errors.Is(err, card.ErrCancelled) || time.Since(began) > 10*time.Second {
			t.Errorf("%v after %s", err, time.Since(began))
		}
	})
	t.Run("over before it began", func(t *testing.T) {
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := w.AskPIN(ctx, q); !errors.Is(err, card.ErrCancelled) {
			t.Error(err)
		}
	})
}
