package agent

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/trust"
)

// KindHeard is the record that an agent was heard, for the other nodes of a hub. Its key is a hash of workstation and user.
const KindHeard bridge.ArtifactKind = "agent-heard"

// How silence is measured.
const (
	noteEvery = time.Minute      // how often it is written down that an agent was heard
	recently  = time.Minute      // this hub hears agents if it heard one as recently as that
	seedEvery = 15 * time.Minute // how often sessions are looked through for agents that this node never heard
	stalled   = time.Minute      // between two looks: more is no time in which anybody could be heard
	maxPosts  = 100_000          // that are watched
)

// How many may fall silent at once without being taken for an outage: so many, or a tenth of those that are watched.
const (
	silentFew   = 3
	silentShare = 10
)

// Silence finds the agents that are heard no more while a session of a card that they saw is at their side: the card may have left, and
// nobody tells. What then becomes of the session is the hub's OnSilence.
//
// An outage must not sign a hospital out. So only time in which this node heard some agent counts as silence: while the hub is down, or cut off
// from all, it stands still. And where more than a few fall silent together, nothing is done to any until most are back, and an alarm is on record.
// Several nodes tell each other through the store whom they heard.
type Silence struct {
	Hub          *bridge.Hub
	Workstations trust.WorkstationStore
	After        time.Duration

	mu       sync.Mutex
	listened time.Duration // for how long this node has listened and heard somebody
	looked   time.Time     // zero: never
	heard    time.Time     // anybody, last
	seeded   time.Time
	outage   bool
	posts    map[post]*watch
}

// post is an agent: one of each user of a workstation.
type post struct{ workstation, user string }

func (p post) key() string { return bridge.Key(p.workstation + "\x00" + p.user) }

// watch is when an agent was heard.
type watch struct {
	listened time.Duration // what listened was then
	at       time.Time
	noted    time.Time // the last time that is in the store
}

// Heard notes that an agent was heard, in memory: Look writes it down. nil: nobody watches.
func (s *Silence) Heard(workstation, user string) {
	if s == nil {
		return
	}
	now := s.Hub.Clock()
	s.mu.Lock()
	defer s.mu.Unlock()
	s.heard = now
	if w := s.post(post{workstation, user}); w != nil {
		w.listened, w.at = s.listened, now
	}
}

// post finds what is known of an agent, or begins to watch it; nil if there are too many. Called with mu held.
func (s *Silence) post(p post) *watch {
	if w, ok := s.posts[p]; ok {
		return w
	}
	if len(s.posts) >= maxPosts {
		return nil
	}
	if s.posts == nil {
		s.posts = map[post]*watch{}
	}
	s.posts[p] = &watch{listened: s.listened}
	return s.posts[p]
}

// Look does what is due. It is called from a loop of the composition root, every few seconds.
func (s *Silence) Look(ctx context.Context) error {
	now := s.Hub.Clock()
	errs := []error{s.seed(ctx, now)}
	overdue, notes := s.listen(now)
	errs = append(errs, s.note(ctx, notes, now))
	silent, err := s.silent(ctx, overdue, now)
	errs = append(errs, err)
	if held, err := s.isOutage(ctx, len(silent)); held || err != nil {
		return errors.Join(append(errs, err)...)
	}
	for p, sessions := range silent {
		errs = append(errs, s.act(ctx, p, sessions))
	}
	return errors.Join(errs...)
}

// listen moves the clock of silence on, and finds who has been silent for too long and of whom it is to be written down that they were heard.
func (s *Silence) listen(now time.Time) (overdue, notes []post) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if passed := now.Sub(s.looked); !s.looked.IsZero() && passed > 0 && passed <= stalled && now.Sub(s.heard) <= recently {
		s.listened += passed
	}
	s.looked = now
	for p, w := range s.posts {
		if s.listened-w.listened > s.After {
			overdue = append(overdue, p)
		}
		if w.at.Sub(w.noted) >= noteEvery {
			notes = append(notes, p)
			w.noted = w.at
		}
	}
	return overdue, notes
}

// notesAtOnce is how many notes go into one commit.
const notesAtOnce = 500

func (s *Silence) note(ctx context.Context, notes []post, now time.Time) error {
	for len(notes) > 0 {
		batch := notes[:min(len(notes), notesAtOnce)]
		notes = notes[len(batch):]
		writes := make([]bridge.Write, len(batch))
		for i, p := range batch {
			payload, err := json.Marshal(now)
			if err != nil {
				return fmt.Errorf("agent: note: %w", err)
			}
			writes[i] = bridge.PutArtifact{Replace: true, Artifact: bridge.Artifact{Kind: KindHeard, Key: p.key(), Payload: payload, Expires: now.Add(s.After + 2*noteEvery)}}
		}
		if err := s.Hub.Journal.Commit(ctx, writes...); err != nil {
			return fmt.Errorf("agent: note who was heard: %w", err)
		}
	}
	return nil
}

// silent finds those of the overdue that no other node heard either and that have card sessions at their side. The others are watched no more.
func (s *Silence) silent(ctx context.Context, overdue []post, now time.Time) (map[post][]bridge.Session, error) {
	out := map[post][]bridge.Session{}
	for _, p := range overdue {
		since, err := s.elsewhere(ctx, p, now)
		if err != nil {
			return nil, err
		}
		if since < s.After {
			s.again(p, since)
			continue
		}
		sessions, err := s.beside(ctx, p)
		if err != nil {
			return nil, err
		}
		if len(sessions) == 0 {
			s.forget(p)
			continue
		}
		out[p] = sessions
	}
	return out, nil
}

// elsewhere is how long ago any node heard an agent, to the minute; After if none did lately.
func (s *Silence) elsewhere(ctx context.Context, p post, now time.Time) (time.Duration, error) {
	a, err := s.Hub.Artifacts.Get(ctx, KindHeard, p.key(), now)
	if errors.Is(err, bridge.ErrNotFound) {
		return s.After, nil
	}
	if err != nil {
		return 0, fmt.Errorf("agent: who was heard: %w", err)
	}
	var at time.Time
	if err := json.Unmarshal(a.Payload, &at); err != nil {
		return 0, fmt.Errorf("agent: read who was heard: %w", err)
	}
	return max(0, now.Sub(at)), nil
}

func (s *Silence) again(p post, since time.Duration) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if w, ok := s.posts[p]; ok {
		w.listened = max(w.listened, s.listened-since)
	}
}

func (s *Silence) forget(p post) {
	s.mu.Lock()
	defer s.mu.Unlock()
	delete(s.posts, p)
}

// beside are the sessions in use at an agent's side whose card it saw.
func (s *Silence) beside(ctx context.Context, p post) ([]bridge.Session, error) {
	living, err := s.Hub.Roster.Living(ctx, bridge.SessionQuery{At: p.workstation, Limit: bridge.SessionsAtOnce})
	if err != nil {
		return nil, fmt.Errorf("agent: sessions: %w", err)
	}
	var out []bridge.Session
	for _, session := range living {
		at, ok, err := s.seat(ctx, session)
		if err != nil {
			return nil, err
		}
		if ok && (at.User == p.user || at.User == "" || p.user == "") {
			out = append(out, session)
		}
	}
	return out, nil
}

// seat is where a card session is; false if it is none, is suspended, or nobody saw its card.
func (s *Silence) seat(ctx context.Context, session bridge.Session) (bridge.Place, bool, error) {
	if session.Workstation == "" || session.Method != bridge.MethodSmartcard || !session.Suspended.IsZero() {
		return bridge.Place{}, false, nil
	}
	at, err := s.Hub.PlaceOf(ctx, session)
	return at, err == nil && at.Card != "", err
}

// seed begins to watch the agents of sessions that this node knows nothing of: of before it started, or of another node that is gone.
func (s *Silence) seed(ctx context.Context, now time.Time) error {
	if now.Sub(s.seeded) < seedEvery {
		return nil
	}
	err := s.Hub.EachLiving(ctx, bridge.SessionQuery{}, func(page []bridge.Session) error {
		for _, session := range page {
			at, ok, err := s.seat(ctx, session)
			if err != nil {
				return err
			}
			if ok {
				s.mu.Lock()
				s.post(post{at.Workstation, at.User})
				s.mu.Unlock()
			}
		}
		return nil
	})
	if err == nil {
		s.seeded = now
	}
	return err
}

// isOutage reports whether so many are silent at once that it is no sign of any card. That it begins is on record.
func (s *Silence) isOutage(ctx context.Context, silent int) (bool, error) {
	s.mu.Lock()
	watched, before := len(s.posts), s.outage
	s.outage = silent > max(silentFew, watched/silentShare)
	outage := s.outage
	s.mu.Unlock()
	if !outage || before {
		return outage, nil
	}
	return true, s.Hub.AgentsSilent(ctx, silent, watched)
}

// act does to sessions what policy says, and watches the agent no more until it is heard.
func (s *Silence) act(ctx context.Context, p post, sessions []bridge.Session) error {
	w, err := s.Workstations.Workstation(ctx, p.workstation)
	if err != nil {
		return fmt.Errorf("agent: load workstation: %w", err)
	}
	if err := s.Hub.AgentSilent(ctx, sessions, w, s.After); err != nil {
		return err // they are tried again: the agent is still watched
	}
	s.forget(p)
	return nil
}
