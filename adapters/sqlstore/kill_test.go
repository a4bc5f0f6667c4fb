package sqlstore

import (
	"bufio"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/lanyard-hub/lanyard/bridge"
	"github.com/lanyard-hub/lanyard/trust/ledger"
)

const killedFile = "LANYARD_TEST_KILLED_FILE" // makes the test program the one that is killed

// TestKilledProcessLosesNothingAcknowledged kills a process that commits without pause, and looks afterwards
// for every commit that the process said was done.
func TestKilledProcessLosesNothingAcknowledged(t *testing.T) {
	if path := os.Getenv(killedFile); path != "" {
		commitUntilKilled(path)
	}
	path := filepath.Join(t.TempDir(), "hub.db")
	var acknowledged []string
	for _, enough := range []int{1, 50, 500} {
		acknowledged = append(acknowledged, killAfter(t, path, enough)...)
	}
	s := openFile(t, path)
	ctx := context.Background()
	for _, id := range acknowledged {
		if _, err := s.Get(ctx, bridge.KindReplay, id, time.Now()); err != nil {
			t.Fatalf("artifact %s was acknowledged: %v", id, err)
		}
		if es, err := s.Events(ctx, ledger.Query{Ref: id}); err != nil || len(es) != 1 {
			t.Fatalf("event %s was acknowledged: %v %v", id, es, err)
		}
	}
	all, err := s.Events(ctx, ledger.Query{Limit: 1 << 30})
	if err != nil || len(all) < len(acknowledged) || all[len(all)-1].Seq != int64(len(all)) {
		t.Fatalf("%d events for %d acknowledged, or a gap: %v", len(all), len(acknowledged), err)
	}
}

func killAfter(t *testing.T, path string, enough int) (acknowledged []string) {
	t.Helper()
	child := exec.Command(os.Args[0], "-test.run=^"+t.Name()+"$")
	child.Env = append(os.Environ(), killedFile+"="+path)
	out, err := child.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := child.Start(); err != nil {
		t.Fatal(err)
	}
	lines := bufio.NewScanner(out)
	for lines.Scan() { // ends when the killed process's pipe does
		acknowledged = append(acknowledged, lines.Text())
		if len(acknowledged) == enough {
			if err := child.Process.Kill(); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := child.Wait(); err == nil || child.ProcessState.ExitCode() != -1 || len(acknowledged) < enough {
		t.Fatalf("the process was not killed but ended with %v after %d commits", err, len(acknowledged))
	}
	return acknowledged
}

func commitUntilKilled(path string) {
	ctx := context.Background()
	s, err := OpenSQLite(ctx, path, Options{})
	if err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
	done := make(chan string)
	for worker := range 8 {
		go func() {
			for i := 0; ; i++ {
				id := fmt.Sprintf("%d-%d-%d", os.Getpid(), worker, i)
				err := s.Commit(ctx,
					bridge.PutArtifact{Artifact: bridge.Artifact{Kind: bridge.KindReplay, Key: id, Expires: time.Now().Add(time.Hour)}},
					bridge.Append{Event: ledger.Event{Time: time.Now(), Kind: ledger.Issued, Ref: id}})
				if err != nil {
					os.Exit(1)
				}
				done <- id
			}
		}()
	}
	for id := range done {
		fmt.Println(id)
	}
}
