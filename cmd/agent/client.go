package agent

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"strconv"
	"strings"
	"time"

	"github.com/lanyard-hub/lanyard/cmd/agent/loopback"
	"github.com/lanyard-hub/lanyard/cmd/agent/ticket"
)

// Running is an agent that runs for the same user, as a command finds it.
type Running struct {
	base   string
	client *http.Client
}

// ErrNotRunning: no agent of this user answers.
var ErrNotRunning = errors.New("agent: no agent runs for this user; start lanyard-agent run")

// Find asks the port service of this machine for the agent of this user. A port that another user has is nobody's.
func Find(ctx context.Context, ports []int, peers loopback.Peers) (Running, error) {
	// A command may wait for a person at the card.
	client := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}, Timeout: 15 * time.Minute}
	for _, service := range ports {
		port, err := portFrom(ctx, client, service)
		if err != nil {
			continue
		}
		if user, err := peers.Listener(port); err == nil && user == peers.Own() {
			return Running{"http://" + net.JoinHostPort("127.0.0.1", strconv.Itoa(port)), client}, nil
		}
	}
	return Running{}, ticket.Error{Code: ticket.ServerCommFailed, Err: ErrNotRunning}
}

func portFrom(ctx context.Context, client *http.Client, service int) (int, error) {
	ctx, cancel := context.WithTimeout(ctx, 2*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, "http://"+net.JoinHostPort("127.0.0.1", strconv.Itoa(service))+"/PRS/GetPortNumber", http.NoBody)
	if err != nil {
		return 0, err
	}
	resp, err := client.Do(req)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, 64))
	if err != nil || resp.StatusCode != http.StatusOK {
		return 0, fmt.Errorf("agent: port service: status %d: %w", resp.StatusCode, errors.Join(err, ErrNotRunning))
	}
	return strconv.Atoi(strings.TrimSpace(string(text)))
}

// State is what a running agent says of itself, as JSON.
func (r Running) State(ctx context.Context) ([]byte, error) {
	return r.call(ctx, http.MethodGet, "/v1/state", nil)
}

// Ticket calls the Ticket API: get, get-no-auth, get-new or destroy. Errors have a ticket.Code.
func (r Running) Ticket(ctx context.Context, what, role string) (string, error) {
	in := map[string]string{}
	if role != "" {
		in["role"] = role
	}
	body, err := json.Marshal(in)
	if err != nil {
		return "", err
	}
	text, err := r.call(ctx, http.MethodPost, "/v1/ticket/"+what, body)
	if err != nil {
		return "", err
	}
	var out struct {
		Ticket string `json:"ticket"`
	}
	return out.Ticket, json.Unmarshal(text, &out)
}

func (r Running) call(ctx context.Context, method, path string, body []byte) ([]byte, error) {
	req, err := http.NewRequestWithContext(ctx, method, r.base+path, bytes.NewReader(body))
	if err != nil {
		return nil, err
	}
	req.Header.Set(loopback.Header, "1")
	req.Header.Set("Content-Type", "application/json")
	resp, err := r.client.Do(req)
	if err != nil {
		return nil, ticket.Error{Code: ticket.ServerCommFailed, Err: err}
	}
	defer resp.Body.Close()
	text, err := io.ReadAll(io.LimitReader(resp.Body, 64<<10))
	if err != nil {
		return nil, ticket.Error{Code: ticket.ServerCommFailed, Err: err}
	}
	if resp.StatusCode == http.StatusOK {
		return text, nil
	}
	var refused struct {
		Error struct {
			Code string `json:"code"`
		} `json:"error"`
	}
	if err := json.Unmarshal(text, &refused); err != nil {
		return nil, ticket.Error{Code: ticket.Internal, Err: fmt.Errorf("agent: status %d", resp.StatusCode)}
	}
	return nil, ticket.Error{Code: ticket.CodeNamed(refused.Error.Code)}
}
