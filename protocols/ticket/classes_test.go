package ticket

import (
	"testing"

	"github.com/lanyard-hub/lanyard/web"
)

// TestStrangersPay: every call that a stranger can make leave a record is one that the tolls can turn away.
func TestStrangersPay(t *testing.T) {
	for _, route := range newWorld(t).room.Routes() {
		if route.Class == web.Step && route.Path != resumePath || route.Class == web.Cheap && route.Path != dtdPath {
			t.Errorf("%s %s is never turned away", route.Method, route.Path)
		}
	}
}
