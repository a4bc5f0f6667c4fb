// Command desk is what is on the desk beside a card reader: a person who types PINs into the agent's window, and a page in a browser.
// It runs under Wine, because the agent serves programs of its own user of Windows alone.
//
//	desk person FILE LOG                  types what is in FILE into each window of the agent, and writes what it says to LOG
//	desk call METHOD URL ORIGIN BODY      asks the agent as a page does, and prints the status and the answer
package main

import (
	"fmt"
	"io"
	"net/http"
	"net/url"
	"os"
	"strings"
	"time"
	"unsafe"

	"golang.org/x/sys/windows"
)

func main() {
	var err error
	switch args := os.Args[1:]; {
	case len(args) == 3 && args[0] == "person":
		err = person(args[1], args[2])
	case len(args) == 5 && args[0] == "call":
		err = call(args[1], args[2], args[3], args[4])
	default:
		err = fmt.Errorf("what is %q?", args)
	}
	if err != nil {
		fmt.Fprintln(os.Stderr, "desk:", err)
		os.Exit(1)
	}
}

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

// call asks as the page of an origin does. Wine learns late whose a connection is: first it is asked about, until the agent knows; the
// page's request goes over that same connection.
func call(method, address, origin, body string) error {
	client := &http.Client{Timeout: 60 * time.Second}
	at, err := url.Parse(address)
	if err != nil {
		return err
	}
	for last := time.Now().Add(20 * time.Second); ; time.Sleep(100 * time.Millisecond) {
		status, answer, err := ask(client, http.MethodGet, at.Scheme+"://"+at.Host+"/v1/state", "", "")
		if err != nil {
			return err
		}
		if status == http.StatusOK {
			break
		}
		if time.Now().After(last) {
			return fmt.Errorf("%d %s", status, answer)
		}
		client.CloseIdleConnections()
	}
	status, answer, err := ask(client, method, address, origin, body)
	if err != nil {
		return err
	}
	fmt.Printf("%d %s\n", status, answer)
	return nil
}

func ask(client *http.Client, method, address, origin, body string) (int, []byte, error) {
	req, err := http.NewRequest(method, address, strings.NewReader(body))
	if err != nil {
		return 0, nil, err
	}
	if origin != "" {
		req.Header.Set("Origin", origin)
	}
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("X-Lanyard-Agent", "1")
	resp, err := client.Do(req)
	if err != nil {
		return 0, nil, err
	}
	defer resp.Body.Close()
	answer, err := io.ReadAll(resp.Body)
	return resp.StatusCode, answer, err
}
