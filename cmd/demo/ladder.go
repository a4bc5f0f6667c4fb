package demo

import (
	"fmt"
	"slices"
	"sync"
	"time"
)

// Who takes part in what the ladder shows.
const (
	atBrowser   = "Browser"
	atHub       = "Hub"
	atCard      = "Card"
	atKey       = "Security key"
	atPAS       = "PAS"
	atEPR       = "EPR"
	atPathology = "Pathology"
)

// tick is one thing that was checked.
type tick struct {
	OK   bool
	Text string
}

func checked(format string, args ...any) tick { return tick{true, fmt.Sprintf(format, args...)} }

func failed(format string, args ...any) tick { return tick{false, fmt.Sprintf(format, args...)} }

// message is one step of the ladder, redacted by whoever adds it.
type message struct {
	At       time.Time
	From, To string
	Title    string // what it is
	How      string // by what binding
	Body     string // decoded; empty: nothing to show
	Ticks    []tick
	Ref      string // reference of a page that refused; empty: none
}

// OK reports whether every check passed.
func (m message) OK() bool { return !slices.ContainsFunc(m.Ticks, func(t tick) bool { return !t.OK }) }

// Clock is when, to the millisecond.
func (m message) Clock() string { return m.At.Format("15:04:05.000") }

// story is what belongs together: one sign-in, one sign-out.
type story struct {
	N        int
	Title    string
	Messages []message
}

const (
	maxStories  = 12
	maxMessages = 80
)

// ladder keeps the latest stories in memory. There is one person at the demo, so what happens belongs to the
// story that began last.
type ladder struct {
	clock   func() time.Time
	mu      sync.Mutex
	stories []story // oldest first
	changes int
	begun   int
}

// begin starts a story.
func (l *ladder) begin(format string, args ...any) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.open(fmt.Sprintf(format, args...))
}

func (l *ladder) open(title string) {
	if len(l.stories) == maxStories {
		l.stories = slices.Delete(l.stories, 0, 1)
	}
	l.begun++
	l.changes++
	l.stories = append(l.stories, story{N: l.begun, Title: title})
}

// add appends a message to the story that is open.
func (l *ladder) add(m message) {
	m.At = l.clock()
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(l.stories) == 0 {
		l.open("At the hub")
	}
	s := &l.stories[len(l.stories)-1]
	if len(s.Messages) < maxMessages {
		s.Messages = append(s.Messages, m)
	}
	l.changes++
}

// read returns the stories, newest first, and a number that grows with every change.
func (l *ladder) read() ([]story, int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	out := make([]story, 0, len(l.stories))
	for _, s := range slices.Backward(l.stories) {
		s.Messages = slices.Clone(s.Messages)
		out = append(out, s)
	}
	return out, l.changes
}
