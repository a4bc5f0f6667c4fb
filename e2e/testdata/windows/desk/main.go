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
