package hub

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/lanyard-hub/lanyard/adapters/smartcard/revocation"
	"github.com/lanyard-hub/lanyard/bridge"
)

// cardMetrics tells how revocation stands when it is asked.
type cardMetrics struct {
	states func() []revocation.State
	clock  func() time.Time

	rung, age, next, entries, cards, answers, expires *prometheus.Desc
}

// cards publishes what is known of the authorities of cards.
func (m *metrics) cards(states func() []revocation.State, clock func() time.Time) {
	of := func(name, help string, labels ...string) *prometheus.Desc {
		return prometheus.NewDesc("lanyard_card_"+name, help, append([]string{"authority", "issuer"}, labels...), nil)
	}
	m.registerer.MustRegister(&cardMetrics{
		states: states, clock: clock,
		rung:    of("revocation_rung", "How sure it is that cards were not revoked: 3 fresh, 2 stale within policy, 1 past it, 0 nobody looks."),
		age:     of("revocation_age_seconds", "Age of the evidence, from its thisUpdate."),
		next:    of("revocation_next_update_seconds", "Time until the evidence's nextUpdate; negative: it has passed."),
		entries: of("crl_entries", "Revoked certificates in the lists of the issuer."),
		cards:   of("ocsp_cards", "Cards that OCSP answers are wanted for."),
		answers: of("ocsp_answers", "Cards about which there is an OCSP answer that is not too old."),
		expires: of("authority_expires_seconds", "Time until the certificate of the issuer expires."),
	})
}

// Describe implements prometheus.Collector.
func (m *cardMetrics) Describe(to chan<- *prometheus.Desc) {
	for _, d := range []*prometheus.Desc{m.rung, m.age, m.next, m.entries, m.cards, m.answers, m.expires} {
		to <- d
	}
}

// Collect implements prometheus.Collector.
func (m *cardMetrics) Collect(to chan<- prometheus.Metric) {
	now := m.clock()
	for _, s := range m.states() {
		put := func(d *prometheus.Desc, v float64) {
			to <- prometheus.MustNewConstMetric(d, prometheus.GaugeValue, v, s.Authority, s.Issuer)
		}
		put(m.expires, s.Expires.Sub(now).Seconds())
		if s.Standing == "" {
			continue // it issues no cards
		}
		put(m.rung, rungNumber(s.Standing))
		if !s.ThisUpdate.IsZero() {
			put(m.age, now.Sub(s.ThisUpdate).Seconds())
		}
		if !s.NextUpdate.IsZero() {
			put(m.next, s.NextUpdate.Sub(now).Seconds())
		}
		if s.Mode.Lists() {
			put(m.entries, float64(s.Entries))
		}
		if s.Mode.Answers() {
			put(m.cards, float64(s.Cards))
			put(m.answers, float64(s.Answers))
		}
	}
}

func rungNumber(s bridge.Standing) float64 {
	switch s {
	case bridge.StandingFresh:
		return 3
	case bridge.StandingStale:
		return 2
	case bridge.StandingUnknown, bridge.StandingEmergency:
		return 1
	case bridge.StandingOff:
	}
	return 0
}
