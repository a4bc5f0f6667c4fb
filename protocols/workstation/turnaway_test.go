package workstation

import (
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/web"
)

// TestTurnedAway: agents that are not admitted are told in JSON, with a code.
func TestTurnedAway(t *testing.T) {
	for _, route := range newWorld(t).room.Routes() {
		if route.TurnAway == nil || route.Class != web.Machine {
			t.Errorf("%s: own form %v, class %v", route.Name, route.TurnAway != nil, route.Class)
			continue
		}
		for reason, status := range map[bridge.Reason]int{bridge.Throttled: http.StatusTooManyRequests, bridge.Unavailable: http.StatusServiceUnavailable} {
			rec := httptest.NewRecorder()
			route.TurnAway(rec, httptest.NewRequest(route.Method, route.Path, nil), bridge.Refuse(reason, "Later.").WithCode("busy"))
			if rec.Code != status || !strings.Contains(rec.Body.String(), `"error":"busy"`) {
				t.Errorf("%s: %d %s", route.Name, rec.Code, rec.Body)
			}
		}
	}
}

// TestFailureIsNotShown: what went wrong in the hub is not told, and not recorded as a refusal.
func TestFailureIsNotShown(t *testing.T) {
	w := newWorld(t)
	rec := httptest.NewRecorder()
	w.room.refuse(rec, httptest.NewRequest(http.MethodPost, "/", nil), "bay4", http.ErrBodyNotAllowed)
	if rec.Code != http.StatusInternalServerError || rec.Body.String() != `{"error":"server_error"}` {
		t.Errorf("%d %s", rec.Code, rec.Body)
	}
}
