package agent

import (
	"context"
	"os/exec"
	"time"
)

// lockLoop locks the screen when a removal asks for it.
func (a *Agent) lockLoop(ctx context.Context) {
	for {
		select {
		case <-ctx.Done():
			return
		case <-a.locked:
			a.lock(ctx)
		}
	}
}

func (a *Agent) lock(ctx context.Context) {
	words := a.o.Config.Lock.Command
	if len(words) == 0 {
		a.o.Log.Warn("the screen is to be locked, and lock.command is empty")
		return
	}
	ctx, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	cmd := exec.CommandContext(ctx, words[0], words[1:]...)
	cmd.WaitDelay = time.Second
	if err := cmd.Run(); err != nil {
		a.o.Log.Error("lock.command failed", "error", err)
		return
	}
	a.o.Log.Info("locked")
}
