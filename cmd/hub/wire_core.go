package hub

import (
	"context"
	"sync"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/bridge/trace"
	"github.com/lanyard-hub/lanyard/bridge/translate"
	"github.com/lanyard-hub/lanyard/trust"
	"github.com/lanyard-hub/lanyard/web"
)

func (h *Hub) wireCore(context.Context) error {
	c := h.options.Config
	keys, err := h.secrets()
	if err != nil {
		return err
	}
	limits := bridge.DefaultLimits()
	limits.Idle, limits.Absolute, limits.Resume = c.Session.Idle, c.Session.Absolute, c.Session.Resume
	h.limits = h.newLimits()
	translator := translate.Translator{Salt: keys.pairwise, Scope: c.Organisation.Scope, Emergency: emergencyNames(c.Emergency)}
	journal := newCountingJournal(h.store, h.metrics, h.registry.Partner)
	h.core = &bridge.Hub{
		Artifacts: limitedArtifacts{h.store, h.limits.pending}, Journal: limitedJournal{journal, h.limits.pending, h.limits.tolls},
		Sessions: countingSessions{h.store, journal}, Roster: h.store, Participants: h.store, Deliveries: h.store, Directory: h.store,
		Registrations: h.store, Partners: h.registry, Translator: translator, Propagators: map[trust.Protocol]bridge.Propagator{},
		Clock: h.options.Clock, Secret: keys.core, Limits: limits, Parallel: parallel,
		OnCardRemoval: trust.Removal(c.Session.OnCardRemoval), OnSwitch: bridge.Yield(c.Session.Switch), OnElsewhere: bridge.Yield(c.Session.Elsewhere),
		OnSilence: bridge.Silence(c.Workstation.OnSilent),
		KeepApps:  c.Session.SuspendedApps == "keep", Workstations: h.store, Wake: h.wake,
	}
	if err := h.wireEmergency(translator); err != nil {
		return err
	}
	if h.rbac != nil {
		h.core.RBAC = h.rbac.inForce.Load
	}
	if c.Trace.Mode != "off" {
		h.recorder = trace.NewRecorder(h.store, c.Trace.Keep, h.options.Clock, h.options.Log)
		h.core.Recorder = h.recorder
	}
	h.kit = &web.Kit{
		Issuer:       h.issuer,
		Organisation: web.Organisation{Name: c.Organisation.Name, ODS: c.Organisation.ODS, Help: c.Organisation.Help, RAContact: c.Organisation.RAContact},
		Banner:       h.options.Banner, BannerLink: h.options.BannerLink, Hub: h.core, Log: h.options.Log, TrustedProxies: c.TrustedProxies,
		Observe: h.metrics, Gate: h.limits.gate, Tolls: h.limits.tolls, Secret: keys.csrf,
	}
	return h.kit.Init()
}

// parallel runs do(0) to do(n-1) at the same time and waits.
func parallel(n int, do func(int)) {
	var wg sync.WaitGroup
	for i := range n {
		wg.Go(func() { do(i) })
	}
	wg.Wait()
}
