package main

import (
	"os"
	"runtime"
	"strings"
	"sync"
	"time"
	"unsafe"

	"golang.org/x/sys/windows"
)

// Messages of windows, as winuser.h has them.
const (
	messageClose    = 0x0010 // WM_CLOSE: taskkill, among others
	messageQueryEnd = 0x0011 // WM_QUERYENDSESSION
	messageEnd      = 0x0016 // WM_ENDSESSION
	messageDone     = 0x8000 // WM_APP: ours
)

// lastWords is how long the agent may take when the session ends: Windows ends programs that take five seconds.
const lastWords = 4 * time.Second

// farewell is the window, never seen, to which Windows says that the session ends, or that an installer wants the program gone: a
// program without a console hears it in no other way.
type farewell struct {
	stop  func()
	ended chan struct{}
}

// ending calls stop when the session ends, until ended is called. Windows waits for that.
func ending(stop func()) (ended func()) {
	f := &farewell{stop: stop, ended: make(chan struct{})}
	made := make(chan uintptr)
	var running sync.WaitGroup
	running.Go(func() { f.listen(made) })
	handle := <-made
	restartable()
	return func() {
		close(f.ended)
		if handle != 0 {
			_, _, _ = user32("PostMessageW").Call(handle, messageDone, 0, 0)
		}
		running.Wait()
	}
}

func user32(name string) *windows.LazyProc {
	return windows.NewLazySystemDLL("user32.dll").NewProc(name)
}

// listen makes the window and reads its messages until it is done; 0 on made: there is no desktop, and so nobody to tell.
func (f *farewell) listen(made chan<- uintptr) {
	runtime.LockOSThread() // a window belongs to the thread that made it
	defer runtime.UnlockOSThread()
	name := windows.StringToUTF16Ptr("LanyardAgent")
	class := struct { // WNDCLASSEXW
		size, style                                  uint32
		procedure                                    uintptr
		classExtra, windowExtra                      int32
		instance, icon, cursor, background, menuName uintptr
		name                                         *uint16
		smallIcon                                    uintptr
	}{procedure: windows.NewCallback(f.happens), name: name}
	class.size = uint32(unsafe.Sizeof(class))
	_, _, _ = user32("RegisterClassExW").Call(uintptr(unsafe.Pointer(&class)))
	handle, _, _ := user32("CreateWindowExW").Call(0, uintptr(unsafe.Pointer(name)), uintptr(unsafe.Pointer(name)), 0, 0, 0, 0, 0, 0, 0, 0, 0)
	made <- handle
	if handle == 0 {
		return
	}
	var message struct { // MSG
		window       uintptr
		number       uint32
		what, detail uintptr
		time         uint32
		x, y         int32
		_            uint32
	}
	for {
		more, _, _ := user32("GetMessageW").Call(uintptr(unsafe.Pointer(&message)), handle, 0, 0)
		if int32(more) <= 0 {
			return
		}
		_, _, _ = user32("DispatchMessageW").Call(uintptr(unsafe.Pointer(&message)))
		if message.number == messageDone {
			_, _, _ = user32("DestroyWindow").Call(handle)
			return
		}
	}
}

// happens is the window's procedure.
func (f *farewell) happens(handle, message, what, detail uintptr) uintptr {
	switch message {
	case messageQueryEnd:
		return 1
	case messageEnd:
		if what != 0 {
			f.stop()
			select {
			case <-f.ended:
			case <-time.After(lastWords):
			}
		}
		return 0
	case messageClose:
		f.stop()
		return 0
	case messageDone:
		return 0
	}
	result, _, _ := user32("DefWindowProcW").Call(handle, message, what, detail)
	return result
}

// restartable lets an installer that closed the agent start it again, with the same words.
func restartable() {
	const onlyAfterInstall = 1 | 2 | 8 // RESTART_NO_CRASH, RESTART_NO_HANG, RESTART_NO_REBOOT
	if strings.ContainsRune(windows.ComposeCommandLine(os.Args[1:]), 0) {
		return
	}
	words := windows.StringToUTF16Ptr(windows.ComposeCommandLine(os.Args[1:]))
	_, _, _ = windows.NewLazySystemDLL("kernel32.dll").NewProc("RegisterApplicationRestart").Call(uintptr(unsafe.Pointer(words)), onlyAfterInstall)
}
