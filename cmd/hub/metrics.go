package hub

import (
	"strconv"
	"sync"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/collectors"

	"github.com/lanyard-hub/lanyard/adapters/fido"
)

// metrics are the hub's Prometheus series. Children are bound once and kept: looking labels up on every
// request costs as much as a signature.
type metrics struct {
	registerer *prometheus.Registry
	requests   *prometheus.HistogramVec
	registry   prometheus.Gauge
	dropped    prometheus.CounterFunc
	cut        *prometheus.CounterVec
	bound      sync.Map // routeCode -> prometheus.Observer
}

type routeCode struct {
	route string
	code  int
}

func newMetrics() *metrics {
	m := &metrics{registerer: prometheus.NewRegistry()}
	m.requests = prometheus.NewHistogramVec(prometheus.HistogramOpts{
		Name: "lanyard_http_request_duration_seconds", Help: "Time to answer a request, by route and status.",
		Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5},
	}, []string{"route", "code"})
	m.registry = prometheus.NewGauge(prometheus.GaugeOpts{Name: "lanyard_registry_revision", Help: "Revision of the trust registry that is served."})
	m.cut = prometheus.NewCounterVec(prometheus.CounterOpts{
		Name: "lanyard_connections_cut_total", Help: "Connections that were closed unheard: stranger, not from a trusted proxy; header, without a proper PROXY header.",
	}, []string{"listener", "why"})
	m.registerer.MustRegister(m.requests, m.registry, m.cut, collectors.NewGoCollector(), collectors.NewProcessCollector(collectors.ProcessCollectorOpts{}))
	return m
}

// Request implements web.Observer.
func (m *metrics) Request(route string, status int, seconds float64) {
	key := routeCode{route, status}
	o, ok := m.bound.Load(key)
	if !ok {
		o, _ = m.bound.LoadOrStore(key, m.requests.WithLabelValues(route, strconv.Itoa(status)))
	}
	if observer, ok := o.(prometheus.Observer); ok {
		observer.Observe(seconds)
	}
}

// keyMetadata publishes when the FIDO metadata in force runs out; 0: there is none.
func (m *metrics) keyMetadata(file *fido.MetadataFile) {
	m.registerer.MustRegister(prometheus.NewGaugeFunc(prometheus.GaugeOpts{
		Name: "lanyard_fido_metadata_next_update_seconds", Help: "Time at which the FIDO metadata in force announces the next, in seconds since 1970; 0: none is in force.",
	}, func() float64 {
		if current := file.Current(); current != nil {
			return float64(current.NextUpdate.Unix())
		}
		return 0
	}))
}

// info publishes the build and what only other parts know.
func (m *metrics) info(version string, dropped func() float64) {
	build := prometheus.NewGauge(prometheus.GaugeOpts{Name: "lanyard_build_info", Help: "Version of the program.", ConstLabels: prometheus.Labels{"version": version}})
	build.Set(1)
	m.dropped = prometheus.NewCounterFunc(prometheus.CounterOpts{Name: "lanyard_trace_dropped_total", Help: "Trace entries that were not kept."}, dropped)
	m.registerer.MustRegister(build, m.dropped)
}
