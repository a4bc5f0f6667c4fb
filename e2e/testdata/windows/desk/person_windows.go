package main

import (
	"fmt"
	"os"
	"strings"
	"time"
	"unsafe"

	"golang.org/x/sys/windows"
)

func user32(name string, args ...uintptr) uintptr {
	r, _, _ := windows.NewLazySystemDLL("user32.dll").NewProc(name).Call(args...)
	return r
}

// person types as long as the program runs.
func person(pins, log string) error {
	class, title := windows.StringToUTF16Ptr("#32770"), windows.StringToUTF16Ptr("Smartcard")
	fmt.Println("ready")
	for ; ; time.Sleep(30 * time.Millisecond) {
		window := user32("FindWindowW", uintptr(unsafe.Pointer(class)), uintptr(unsafe.Pointer(title)))
		if window == 0 || user32("GetForegroundWindow") != window {
			continue
		}
		pin, err := os.ReadFile(pins)
		if err != nil {
			return err
		}
		if err := note(log, text(window, 3)+" | "+text(window, 4)+"\n"); err != nil {
			return err
		}
		for _, key := range append(pin, 0x0d) { // digits are their own keys; Enter
			user32("keybd_event", uintptr(key), 0, 0, 0)
			user32("keybd_event", uintptr(key), 0, 2, 0)
			time.Sleep(20 * time.Millisecond)
		}
		for user32("IsWindow", window) != 0 {
			time.Sleep(20 * time.Millisecond)
		}
	}
}

// text of a control; 3 is what the window says, 4 what was wrong.
func text(window uintptr, control uintptr) string {
	var text [1024]uint16
	n := user32("GetDlgItemTextW", window, control, uintptr(unsafe.Pointer(&text[0])), uintptr(len(text)))
	return strings.ReplaceAll(windows.UTF16ToString(text[:n]), "\n", " ")
}

func note(log, line string) error {
	f, err := os.OpenFile(log, os.O_APPEND|os.O_CREATE|os.O_WRONLY, 0o644)
	if err != nil {
		return err
	}
	defer f.Close()
	_, err = f.WriteString(line)
	return err
}
