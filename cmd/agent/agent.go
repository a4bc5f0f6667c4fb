package agent

import (
	"context"
	"crypto/sha256"
	"crypto/tls"
	"crypto/x509"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"net/http"
	"net/url"
	"os"
	"sync"
	"time"

	"github.com/lanyard-hub/lanyard/cmd/agent/access"
	"github.com/lanyard-hub/lanyard/cmd/agent/card"
	"github.com/lanyard-hub/lanyard/cmd/agent/channel"
	"github.com/lanyard-hub/lanyard/cmd/agent/loopback"
	"github.com/lanyard-hub/lanyard/cmd/agent/pinentry"
	"github.com/lanyard-hub/lanyard/cmd/agent/ticket"
)

// Options of an agent.
type Options struct {
	Config  Config
	Log     *slog.Logger
	Version string
	Lab     bool
	Role    string // id of a role profile to take before those of the configuration
	Load    func(path string) (card.Module, error)
	Peers   loopback.Peers
	Now     func() time.Time
}

// Agent is one agent, of one OS session.
type Agent struct {
	o       Options
	readers *card.Readers
	events  *loopback.Events
	voice   *voice
	tickets *ticket.Tickets
	outbox  *channel.Outbox
	known   *channel.Cards // that are in, for the next run
	settle  time.Duration  // how long readers that come up late are waited for
	follow  chan card.Event
	locked  chan channel.Event
	again   chan struct{} // ask about the sessions here
}

// New loads the middleware and the identity. That there is no identity yet is no error: the card signs, but nothing is said in the
// workstation's name.
func New(o Options) (*Agent, error) {
	client, err := Client(o.Config.Hub, o.Lab)
	if err != nil {
		return nil, err
	}
	if err := access.MakeDir(o.Config.StateDir); err != nil {
		return nil, err
	}
	a := &Agent{o: o, events: &loopback.Events{}, follow: make(chan card.Event, 64), locked: make(chan channel.Event, 8), again: make(chan struct{}, 1), settle: settle}
	a.readers = &card.Readers{Now: o.Now, Prompt: prompt(o.Config.PIN), Cache: o.Config.PIN.Cache}
	for _, path := range o.Config.Modules {
		m, err := o.Load(path)
		if err != nil {
			return nil, errors.Join(err, a.unload())
		}
		a.readers.Modules = append(a.readers.Modules, m)
	}
	if a.outbox, err = channel.OpenOutbox(o.Config.StateDir, o.Now); err != nil {
		return nil, errors.Join(err, a.unload())
	}
	if a.known, err = channel.OpenCards(o.Config.StateDir, o.Now); err != nil {
		return nil, errors.Join(err, a.unload())
	}
	a.voice = &voice{readers: a.readers, now: o.Now}
	identity, err := channel.LoadIdentity(o.Config.StateDir)
	switch {
	case errors.Is(err, channel.ErrNotEnrolled):
		o.Log.Warn("not enrolled: the hub is told nothing", "remedy", "lanyard-agent enrol")
	case err != nil:
		return nil, errors.Join(err, a.unload())
	case identity.Issuer != o.Config.Hub.Issuer:
		return nil, errors.Join(fmt.Errorf("%w: enrolled with another hub than hub.issuer", ErrConfig), a.unload())
	default:
		a.voice.hub = &channel.Hub{Identity: identity, Client: client, Now: o.Now, User: osSession()}
	}
	a.tickets = &ticket.Tickets{Broker: a.broker(client), Inserted: a.readers.Inserted}
	return a, nil
}

func (a *Agent) broker(client *http.Client) *ticket.Broker {
	prefer := a.o.Config.Role.Prefer
	if a.o.Role != "" {
		prefer = append([]string{a.o.Role}, prefer...)
	}
	return &ticket.Broker{
		URL: a.o.Config.Ticket.URL, Client: client, Signer: a.readers, Now: a.o.Now, Device: a.device(),
		Chooser: ticket.Chooser{Prefer: prefer, Command: a.o.Config.Role.Command, Timeout: a.o.Config.PIN.Timeout},
	}
}

// device is what the agent protocol calls this machine: eight characters of its id, and its address.
func (a *Agent) device() string {
	id, _ := a.voice.Workstation() // without one the name of the OS session has to do
	sum := sha256.Sum256([]byte(id + osSession()))
	return hex.EncodeToString(sum[:4]) + ",ClientIP=" + outward(a.o.Config.Ticket.URL)
}

// outward is the address from which a server is reached; nothing is sent to find it.
func outward(address string) string {
	host := "127.0.0.1"
	if u, err := url.Parse(address); err == nil && u.Hostname() != "" {
		host = u.Hostname()
	}
	c, err := net.Dial("udp", net.JoinHostPort(host, "443"))
	if err != nil {
		return "127.0.0.1"
	}
	defer c.Close()
	ip, _, err := net.SplitHostPort(c.LocalAddr().String())
	if err != nil {
		return "127.0.0.1"
	}
	return ip
}

func prompt(c PIN) card.Prompt {
	if len(c.Command) > 0 {
		return pinentry.Command{Args: c.Command, Timeout: c.Timeout}
	}
	return pinentry.New(c.Program, c.Timeout)
}

// Run serves until ctx ends. ready hears the ports once they are open: that of the agent, and that of the port service if this agent
// offers it.
func (a *Agent) Run(ctx context.Context, ready func(port, service int)) error {
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	server := &loopback.Server{
		Cards: a.readers, Hub: a.voice, Tickets: a.tickets, Origins: a.o.Config.Origins, Audiences: a.o.Config.Audiences, TicketOrigins: a.o.Config.Ticket.Origins,
		Version: a.o.Version, Log: a.o.Log, Peers: a.o.Peers, Events: a.events,
	}
	listening, err := server.Start(ctx, a.o.Config.Ports)
	if err != nil {
		return errors.Join(err, a.unload())
	}
	var loops sync.WaitGroup
	first := make(chan bool, 1)
	loops.Go(func() {
		first <- a.firstLook()
		a.readers.Watch(ctx, a.happened, a.moduleFailed)
	})
	loops.Go(func() { a.followLoop(ctx) })
	loops.Go(func() { a.lockLoop(ctx) })
	loops.Go(func() { a.tickets.Keep(ctx) })
	if a.voice.hub != nil {
		loops.Go(func() { a.outbox.Deliver(ctx, a.send, a.delivered()) })
		loops.Go(func() { a.statusLoop(ctx) })
		loops.Go(func() { a.recallLoop(ctx, first) })
	}
	a.o.Log.Info("started", "port", listening.Port, "service", listening.Service(), "modules", len(a.readers.Modules))
	ready(listening.Port, listening.Service())
	<-ctx.Done()
	a.stopping(context.WithoutCancel(ctx))
	closed := listening.Close()
	loops.Wait()
	a.o.Log.Info("ended")
	return errors.Join(closed, a.unload())
}

// firstLook tells of the cards that are in, and reports whether every module could say.
func (a *Agent) firstLook() bool {
	there, err := a.readers.Refresh(false)
	for _, e := range there {
		a.happened(e)
	}
	return err == nil
}

func (a *Agent) unload() error {
	var errs []error
	for _, m := range a.readers.Modules {
		if c, ok := m.(io.Closer); ok {
			errs = append(errs, c.Close())
		}
	}
	return errors.Join(errs...)
}

// Client speaks to the hub: no redirects, TLS 1.2 at least, its authorities if the system's do not do.
func Client(c Hub, lab bool) (*http.Client, error) {
	trust := &tls.Config{MinVersion: tls.VersionTLS12}
	if c.CAFile != "" {
		text, err := os.ReadFile(c.CAFile)
		if err != nil {
			return nil, fmt.Errorf("%w: hub.ca_file: %w", ErrConfig, err)
		}
		trust.RootCAs = x509.NewCertPool()
		if !trust.RootCAs.AppendCertsFromPEM(text) {
			return nil, fmt.Errorf("%w: hub.ca_file: %s holds no certificate", ErrConfig, c.CAFile)
		}
	}
	dialer := &net.Dialer{Timeout: 5 * time.Second}
	t := &http.Transport{TLSClientConfig: trust, Proxy: http.ProxyFromEnvironment, DialContext: dialer.DialContext, MaxIdleConns: 2, IdleConnTimeout: time.Minute, TLSHandshakeTimeout: 5 * time.Second}
	if lab {
		t.DialContext = func(ctx context.Context, network, address string) (net.Conn, error) {
			if host, port, err := net.SplitHostPort(address); err == nil && isLocal(host) {
				address = net.JoinHostPort("127.0.0.1", port)
			}
			return dialer.DialContext(ctx, network, address)
		}
	}
	return &http.Client{Transport: t, CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }}, nil
}

// osSession is an opaque name of this session of the operating system, the same as long as it lasts.
func osSession() string {
	sum := sha256.Sum256([]byte(sessionName()))
	return hex.EncodeToString(sum[:16])
}
