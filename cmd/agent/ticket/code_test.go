package ticket

import (
	"errors"
	"fmt"
	"os"
	"strings"
	"testing"

	"github.com/lanyard-hub/lanyard/cmd/agent/card"
)

func TestTable(t *testing.T) {
	seen := map[Code]bool{}
	for _, e := range table() {
		if seen[e.Code] || e.Name == "" || e.Text == "" || e.Status < 400 || CodeNamed(e.Code.String()) != e.Code {
			t.Errorf("%+v", e)
		}
		seen[e.Code] = true
	}
	if len(seen) != 11+7+8+7 {
		t.Errorf("%d codes", len(seen))
	}
	for code, want := range map[Code]string{PINBlocked: "0x80200004 PIN_BLOCKED 409 20", NotAvailable: "0x80100009 TICKET_NOT_AVAILABLE 404 10", UserAbort: "0x80400001 USER_ABORT 401 30", NoServerFound: "0x80800003 NO_SERVERFOUND 503 40"} {
		if got := fmt.Sprintf("%s %s %d %d", code, code.Name(), code.Status(), code.Exit()); got != want {
			t.Errorf("%s, want %s", got, want)
		}
	}
	if CodeOf(fmt.Errorf("wrapped: %w", card.ErrPINLocked)) != PINBlocked || CodeOf(errors.New("x")) != Internal || CodeNamed("x") != Internal {
		t.Error("codes of errors")
	}
}

// TestReferenceNamesEveryCode keeps docs/reference/agent.md true.
func TestReferenceNamesEveryCode(t *testing.T) {
	text, err := os.ReadFile("../../../docs/reference/agent.md")
	if err != nil {
		t.Fatal(err)
	}
	for _, e := range table() {
		if row := fmt.Sprintf("| `%s` | `%s` | %d | %s |", e.Code, e.Name, e.Status, e.Text); !strings.Contains(string(text), row) {
			t.Errorf("docs/reference/agent.md lacks the row %s", row)
		}
	}
}
