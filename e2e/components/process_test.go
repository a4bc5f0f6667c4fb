package components_test

import (
	"fmt"
	"os"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/lanyard-hub/lanyard/e2e/components"
)

func TestProcessStopsItsGroup(t *testing.T) {
	var child, parent int
	t.Run("a program that ignores SIGTERM and has a child", func(t *testing.T) {
		p := components.Start(t, components.Command{
			Path: "/bin/sh", Wait: 100 * time.Millisecond,
			Args: []string{"-c", "trap '' TERM; sleep 600 & echo child $! here; wait; sleep 600"},
		})
		p.WaitOutput("here", 10*time.Second)
		parent = p.PID()
		if _, err := fmt.Sscanf(p.Output(), "child %d here", &child); err != nil {
			t.Fatalf("%q: %v", p.Output(), err)
		}
	})
	for _, pid := range []int{parent, child} {
		limit := time.Now().Add(5 * time.Second)
		for syscall.Kill(pid, 0) == nil && !zombie(pid) {
			if time.Now().After(limit) {
				t.Fatalf("process %d is left behind", pid)
			}
			time.Sleep(10 * time.Millisecond)
		}
	}
}

func TestProcessExitCode(t *testing.T) {
	p := components.Start(t, components.Command{Path: "/bin/sh", Args: []string{"-c", "exit 3"}})
	if code := p.Exit(10 * time.Second); code != 3 {
		t.Errorf("exit code %d, want 3", code)
	}
	stdout, stderr, code := components.Run(t, components.Command{
		Path: "/bin/sh", Args: []string{"-c", "echo $WORD; echo bad >&2; exit 4"}, Env: map[string]string{"WORD": "good"},
	})
	if stdout != "good\n" || strings.TrimSpace(stderr) != "bad" || code != 4 {
		t.Errorf("run gave %q, %q, %d", stdout, stderr, code)
	}
}

// zombie tells whether a process has ended and only its parent does not know.
func zombie(pid int) bool {
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err == nil && strings.Contains(string(stat), ") Z ")
}
