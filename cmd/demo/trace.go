package demo

import (
	"fmt"
	"net/http"
	"strings"
	"time"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/trust/ledger"
	"github.com/lanyard-hub/lanyard/web"
)

// tracePage is the story behind a reference, as `lanyard trace show` prints it.
type tracePage struct {
	Ref   string
	Lines []traceLine
}

type traceLine struct{ At, What, Fields string }

const ledgerClock = "15:04:05.000"

func (d *Demo) trace(w http.ResponseWriter, r *http.Request) {
	page := tracePage{Ref: strings.ToUpper(web.Plain(r.FormValue("ref")))}
	if len(page.Ref) == 8 {
		page.Ref = page.Ref[:4] + "-" + page.Ref[4:]
	}
	entries, err := d.hub.Store().Traces(r.Context(), page.Ref)
	var events []ledger.Event
	if err == nil {
		events, err = d.hub.Store().Events(r.Context(), ledger.Query{Ref: page.Ref, Limit: 100})
	}
	if err != nil {
		d.hub.Kit().Refuse(w, r, (&bridge.Refusal{Reason: bridge.Internal}).Because(err))
		return
	}
	for _, e := range entries {
		var fields []string
		for i := 0; i+1 < len(e.Fields); i += 2 {
			fields = append(fields, e.Fields[i]+"="+e.Fields[i+1])
		}
		page.Lines = append(page.Lines, traceLine{clockOf(e.At), e.Step, strings.Join(fields, "  ")})
	}
	for _, e := range events {
		var fields []string
		for _, f := range [][2]string{{"reason", e.Reason}, {"partner", e.Partner}, {"role", e.Role}, {"method", e.Method}} {
			if f[1] != "" {
				fields = append(fields, f[0]+"="+f[1])
			}
		}
		page.Lines = append(page.Lines, traceLine{clockOf(e.Time), fmt.Sprintf("audit #%d: %s", e.Seq, e.Kind), strings.Join(fields, "  ")})
	}
	d.hub.Kit().Page(w, r, "demo-trace", "What happened", page, web.PageOptions{})
}

func clockOf(t time.Time) string { return t.Local().Format(ledgerClock) }
