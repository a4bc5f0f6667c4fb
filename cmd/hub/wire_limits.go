package hub

import (
	"runtime"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/lanyard-hub/lanyard/web"
)

// limits are what keeps the hub from doing more than it can, and strangers from asking for more than is theirs.
type limits struct {
	gate    *web.Gate
	tolls   *web.Tolls
	pending *pending
}

func (h *Hub) newLimits() limits {
	c := h.options.Config.Limits
	work := c.Work
	if work == 0 {
		work = 32 * runtime.GOMAXPROCS(0)
	}
	l := limits{
		gate:    web.NewGate(web.GateLimits{Work: work, Waiting: c.Waiting, Wait: c.Wait}, h.options.Clock),
		tolls:   web.NewTolls(web.TollLimits{Rate: c.PeerRate, Burst: c.PeerBurst}, h.options.Clock),
		pending: newPending(c.Pending, c.PeerPending, h.options.Clock),
	}
	h.metrics.limits(l)
	return l
}

// limits publishes how much is in work and how many were turned away.
func (m *metrics) limits(l limits) {
	gauge := func(name, help string, value func() float64) prometheus.Collector {
		return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, value)
	}
	turnedAway := func(why string, count func() uint64) prometheus.Collector {
		return prometheus.NewCounterFunc(prometheus.CounterOpts{
			Name: "lanyard_turned_away_total", Help: "Requests that were not taken on: busy (too much to do), peer (its rate), pending (unfinished sign-ons).",
			ConstLabels: prometheus.Labels{"why": why},
		}, func() float64 { return float64(count()) })
	}
	m.registerer.MustRegister(
		gauge("lanyard_requests_in_work", "Requests that are worked on.", func() float64 { n, _ := l.gate.InWork(); return float64(n) }),
		gauge("lanyard_requests_waiting", "Requests that wait for their turn.", func() float64 { _, n := l.gate.InWork(); return float64(n) }),
		gauge("lanyard_sign_ons_pending", "Sign-ons begun by this process and not finished.", func() float64 { return float64(l.pending.count()) }),
		turnedAway("busy", l.gate.TurnedAway), turnedAway("peer", l.tolls.TurnedAway), turnedAway("pending", l.pending.refused.Load),
	)
}
