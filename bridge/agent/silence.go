package agent

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"sync"
	"time"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/trust"
)

// KindHeard is the record that an agent was heard, for the other nodes of a hub. Its key is a hash of workstation and user.
const KindHeard bridge.ArtifactKind = "agent-heard"

// How silence is measured.
const (
	noteEvery = time.Minute      // how often it is written down that an agent was heard, or more often where silence is short
	recently  = time.Minute      // this hub hears agents if it heard one as recently as that
	seedEvery = 15 * time.Minute // how often sessions are looked through for agents that this node never heard
	stalled   = time.Minute      // between two looks: more is no time in which anybody could be heard
	maxPosts  = 100_000          // that are watched
	maxUsers  = 250              // of them at one workstation: who has its key speaks for as many as they like
	// together is how far apart those may seem to have been heard last who fell silent in one moment: each speaks every 20 seconds, a look
	// finds it up to ten later, and what another node heard is known to the minute.
	together = 90 * time.Second
)

// How many workstations may fall silent at once without being taken for an outage: so many, or a tenth of those that are watched.
const (
	silentFew   = 3
	silentShare = 10
)

// Silence finds the agents that are heard no more while a session of a card that they saw is at their side: the card may have left, and
// nobody tells. What then becomes of the session is the hub's OnSilence.
//
// An outage must not sign a hospital out. So only time in which this node heard some agent counts as silence: while the hub is down, or cut off
// from all, it stands still. And where more than a few fall silent together, nothing is done to any until most are back, and an alarm is on record;
// who is not back by then is waited for once more. Those count who will be silent for too long in a moment, too: they fell with the others.
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
	users    map[string]int // of each workstation that is watched
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
	if len(s.posts) >= maxPosts || s.users[p.workstation] >= maxUsers {
		return nil
	}
	if s.posts == nil {
		s.posts, s.users = map[post]*watch{}, map[string]int{}
	}
	s.posts[p] = &watch{listened: s.listened}
	s.users[p.workstation]++
	return s.posts[p]
}

// Look does what is due. It is called from a loop of the composition root, every few seconds.
func (s *Silence) Look(ctx context.Context) error {
	now := s.Hub.Clock()
	errs := []error{s.seed(ctx, now)}
	suspects, notes := s.listen(now)
	errs = append(errs, s.note(ctx, notes, now))
	silent, err := s.silent(ctx, suspects, now)
	if err != nil { // how many they are is not known
		return errors.Join(append(errs, err)...)
	}
	if held, err := s.isOutage(ctx, silent); held || err != nil {
		return errors.Join(append(errs, err)...)
	}
	for p, sessions := range silent {
		if s.isSilent(p, s.After) { // it may have been heard since
			errs = append(errs, s.act(ctx, p, sessions))
		}
	}
	return errors.Join(errs...)
}

// almost is the silence after which an agent counts among those that may have fallen silent together.
func (s *Silence) almost() time.Duration { return max(s.After-together, s.After*2/3) }

// isSilent reports whether an agent has been silent for longer than that.
func (s *Silence) isSilent(p post, than time.Duration) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	w, ok := s.posts[p]
	return ok && s.listened-w.listened > than
}

// listen moves the clock of silence on, and finds who has been silent for almost too long and of whom it is to be written down that they were heard.
func (s *Silence) listen(now time.Time) (suspects, notes []post) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if passed := now.Sub(s.looked); !s.looked.IsZero() && passed > 0 && passed <= stalled && now.Sub(s.heard) <= recently {
		s.listened += passed
	}
	s.looked = now
	for p, w := range s.posts {
		if s.listened-w.listened > s.almost() {
			suspects = append(suspects, p)
		}
		if w.at.Sub(w.noted) >= min(noteEvery, s.After/4) {
			notes = append(notes, p)
			w.noted = w.at
		}
	}
	return suspects, notes
}

// notesAtOnce is how many notes go into one commit.
const notesAtOnce = 500

func (s *Silence) note(ctx context.Context, notes []post, now time.Time) error {
	payload, err := json.Marshal(now)
	if err != nil {
		return fmt.Errorf("agent: note: %w", err)
	}
	for batch := range slices.Chunk(notes, notesAtOnce) {
		writes := make([]bridge.Write, len(batch))
		for i, p := range batch {
			writes[i] = bridge.PutArtifact{Replace: true, Artifact: bridge.Artifact{Kind: KindHeard, Key: p.key(), Payload: payload, Expires: now.Add(s.kept())}}
		}
		if err := s.Hub.Journal.Commit(ctx, writes...); err != nil {
			return fmt.Errorf("agent: note who was heard: %w", err)
		}
	}
	return nil
}

// silent finds those of the suspects that no other node heard either and that have card sessions at their side. The others are watched no more.
// In an outage it stops as soon as it is plain that it goes on.
func (s *Silence) silent(ctx context.Context, suspects []post, now time.Time) (map[post][]bridge.Session, error) {
	out := map[post][]bridge.Session{}
	for _, p := range suspects {
		if outage, many := s.many(out); outage && many {
			break
		}
		since, err := s.elsewhere(ctx, p, now)
		if err != nil {
			return nil, err
		}
		if s.again(p, since); !s.isSilent(p, s.almost()) {
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

// kept is how long it is kept that an agent was heard.
func (s *Silence) kept() time.Duration { return s.After + 2*noteEvery }

// elsewhere is how long ago any node heard an agent, to the minute; longer than After if none did lately.
func (s *Silence) elsewhere(ctx context.Context, p post, now time.Time) (time.Duration, error) {
	a, err := s.Hub.Artifacts.Get(ctx, KindHeard, p.key(), now)
	if errors.Is(err, bridge.ErrNotFound) {
		return s.kept(), nil
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
	if _, ok := s.posts[p]; !ok {
		return
	}
	delete(s.posts, p)
	if s.users[p.workstation]--; s.users[p.workstation] <= 0 {
		delete(s.users, p.workstation)
	}
}

// beside are the sessions in use at an agent's side whose card it saw.
func (s *Silence) beside(ctx context.Context, p post) ([]bridge.Session, error) {
	var out []bridge.Session
	err := s.Hub.EachLiving(ctx, bridge.SessionQuery{At: p.workstation}, func(page []bridge.Session) error {
		for _, session := range page {
			at, ok, err := s.seat(ctx, session)
			if err != nil {
				return err
			}
			if ok && (at.User == p.user || at.User == "" || p.user == "") {
				out = append(out, session)
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("agent: sessions beside it: %w", err)
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

// many reports whether there is an outage, and whether these are so many that there is one.
func (s *Silence) many(silent map[post][]bridge.Session) (outage, many bool) {
	workstations := workstationsOf(silent)
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.outage, workstations > max(silentFew, len(s.users)/silentShare)
}

func workstationsOf(silent map[post][]bridge.Session) int {
	found := map[string]bool{}
	for p := range silent {
		found[p.workstation] = true
	}
	return len(found)
}

// isOutage reports whether so many are silent at once that it is no sign of any card. That it begins is on record. When it ends, who is still silent
// is heard from now on: networks come back bit by bit.
func (s *Silence) isOutage(ctx context.Context, silent map[post][]bridge.Session) (bool, error) {
	before, outage := s.many(silent)
	if outage && !before {
		outage = slices.ContainsFunc(slices.Collect(maps.Keys(silent)), func(p post) bool { return s.isSilent(p, s.After) }) // else nothing is due
	}
	s.mu.Lock()
	s.outage = outage
	watched := len(s.users)
	for p := range silent {
		if w, ok := s.posts[p]; ok && before && !outage {
			w.listened = s.listened
		}
	}
	s.mu.Unlock()
	if !outage || before {
		return outage, nil
	}
	return true, s.Hub.AgentsSilent(ctx, workstationsOf(silent), watched)
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
