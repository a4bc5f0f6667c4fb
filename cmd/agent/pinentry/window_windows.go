package pinentry

import (
	"bytes"
	"context"
	"fmt"
	"runtime"
	"sync"
	"time"
	"unsafe"

	"golang.org/x/sys/windows"

	"github.com/lanyard-hub/lanyard/cmd/agent/card"
)

// Window asks by a window of this program's own. It is in front of all others and has the keyboard, so that nobody types a PIN into
// another. Its methods may be called from several goroutines; they ask one after the other.
type Window struct {
	Timeout time.Duration // how long the person has

	mu       sync.Mutex
	once     sync.Once
	callback uintptr
	shown    *shown // the question that is asked now
}

// shown is a question on the screen.
type shown struct {
	ctx  context.Context
	form form
	pin  []byte

	mu     sync.Mutex
	handle uintptr // of the window, while there is one
}

// AskPIN implements card.Prompt.
func (w *Window) AskPIN(ctx context.Context, q card.Question) ([]byte, error) {
	ctx, cancel := w.patience(ctx)
	defer cancel()
	if q.Tries == card.TriesLast {
		if _, err := w.show(ctx, form{text: lastTry(q)}); err != nil {
			return nil, err
		}
	}
	f := form{text: Text(q), ask: true}
	if q.Wrong {
		f.error = textWrong
	}
	return w.show(ctx, f)
}

// Agree implements card.Agreement.
func (w *Window) Agree(ctx context.Context, q card.Question) error {
	ctx, cancel := w.patience(ctx)
	defer cancel()
	_, err := w.show(ctx, form{text: Text(q)})
	return err
}

func (w *Window) patience(ctx context.Context) (context.Context, context.CancelFunc) {
	if w.Timeout > 0 {
		return context.WithTimeout(ctx, w.Timeout)
	}
	return context.WithCancel(ctx)
}

// show returns when the person answered or ctx ended.
func (w *Window) show(ctx context.Context, f form) ([]byte, error) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.once.Do(func() { w.callback = windows.NewCallback(w.happens) }) // callbacks are never given back: one is enough
	s := &shown{ctx: ctx, form: f}
	w.shown = s
	defer func() { w.shown = nil }()
	stop := context.AfterFunc(ctx, s.giveUp)
	defer stop()
	runtime.LockOSThread() // a window belongs to the thread that made it
	defer runtime.UnlockOSThread()
	template := f.template()
	answer, _, err := user32("DialogBoxIndirectParamW").Call(0, uintptr(unsafe.Pointer(&template[0])), 0, w.callback, 0)
	s.opened(0)
	switch int32(answer) {
	case idOK:
		return s.pin, nil
	case idCancel:
		return nil, card.ErrCancelled
	}
	return nil, fmt.Errorf("%w: no window: %w", ErrNoProgram, err)
}

func user32(name string) *windows.LazyProc {
	return windows.NewLazySystemDLL("user32.dll").NewProc(name)
}

// Messages of windows, as winuser.h has them.
const (
	messageInit    = 0x0110 // WM_INITDIALOG
	messageCommand = 0x0111 // WM_COMMAND
	messageLimit   = 0x00c5 // EM_LIMITTEXT
	messageNoUndo  = 0x00cd // EM_EMPTYUNDOBUFFER
)

// happens is the dialog's procedure: 1 means that the message was dealt with.
func (w *Window) happens(handle, message, what, _ uintptr) uintptr {
	s := w.shown
	switch {
	case s == nil:
	case message == messageInit:
		s.opened(handle)
		toFront(handle)
		_, _, _ = user32("SendDlgItemMessageW").Call(handle, idPIN, messageLimit, maxPIN, 0)
		if s.ctx.Err() != nil {
			end(handle, idCancel)
		}
		return 1 // and the first control gets the keyboard
	case message == messageCommand && what&0xffff == idOK:
		if s.form.ask {
			s.pin = read(handle)
		}
		if s.form.ask && s.pin == nil {
			return 1 // nothing was typed
		}
		end(handle, idOK)
		return 1
	case message == messageCommand && what&0xffff == idCancel:
		wipe(handle)
		end(handle, idCancel)
		return 1
	}
	return 0
}

func end(handle uintptr, answer uintptr) { _, _, _ = user32("EndDialog").Call(handle, answer) }

// opened says which window it is; 0: none any more.
func (s *shown) opened(handle uintptr) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.handle = handle
}

// giveUp takes the window away, as Cancel does.
func (s *shown) giveUp() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.handle != 0 {
		_, _, _ = user32("PostMessageW").Call(s.handle, messageCommand, idCancel, 0)
	}
}

// toFront gives the window the keyboard. Windows permits that to the program that had the last input: an input of no movement makes
// it this one.
func toFront(handle uintptr) {
	var input struct {
		kind  uint32 // INPUT_MOUSE
		_     uint32
		mouse [32]byte
	}
	_, _, _ = user32("SendInput").Call(1, uintptr(unsafe.Pointer(&input)), unsafe.Sizeof(input))
	_, _, _ = user32("SetForegroundWindow").Call(handle)
}

// read takes the PIN out of the window; nil if there is none. What was on the way is wiped.
func read(handle uintptr) []byte {
	var typed [maxPIN + 1]uint16
	var pin [maxPIN]byte
	defer clear(typed[:])
	defer clear(pin[:])
	defer wipe(handle)
	n, _, _ := user32("GetDlgItemTextW").Call(handle, idPIN, uintptr(unsafe.Pointer(&typed[0])), uintptr(len(typed)))
	if n == 0 || n > maxPIN {
		return nil
	}
	length, ok := narrow(pin[:], typed[:n])
	if !ok {
		return nil
	}
	return bytes.Clone(pin[:length])
}

// wipe overwrites what the window itself keeps.
func wipe(handle uintptr) {
	var zeros [maxPIN + 1]uint16
	for i := range maxPIN {
		zeros[i] = '0'
	}
	for _, text := range [][]uint16{zeros[:], {0}} {
		_, _, _ = user32("SetDlgItemTextW").Call(handle, idPIN, uintptr(unsafe.Pointer(&text[0])))
	}
	_, _, _ = user32("SendDlgItemMessageW").Call(handle, idPIN, messageNoUndo, 0, 0)
}
