package components

import (
	"errors"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// Command says how to run a program.
type Command struct {
	Path string            // file, or a name to look up
	Args []string          // without the program's name
	Env  map[string]string // added to the tester's environment
	Dir  string            // working directory; empty: the tester's
	User string            // system account, when the tester is root
	Stop syscall.Signal    // what asks it to end; 0 means SIGTERM
	Wait time.Duration     // how long to wait for that before it is killed; 0 means 10 s
	Hush string            // lines of output with this text are not printed then
	Logs []string          // glob patterns of files to print when the test fails
}

// Process is a program that was started. Its methods are safe for concurrent
// use.
type Process struct {
	tb      testing.TB
	command Command
	cmd     *exec.Cmd
	output  *transcript
	done    chan struct{}
	once    sync.Once
}

// Start runs the command in a process group of its own and stops it, whole,
// when the test ends. If the tester dies the kernel kills the program.
func Start(tb testing.TB, c Command) *Process {
	tb.Helper()
	p := &Process{tb: tb, command: c, output: new(transcript), done: make(chan struct{})}
	p.cmd = c.build(tb, p.output, p.output)
	started := make(chan error, 1)
	go func() {
		// The death signal follows the thread that forked, so that thread has
		// to live as long as the program.
		runtime.LockOSThread()
		err := p.cmd.Start()
		started <- err
		if err == nil {
			_ = p.cmd.Wait() // the exit status is kept in ProcessState
		}
		close(p.done)
	}()
	if err := <-started; err != nil {
		tb.Fatalf("start %s: %v", c.Path, err)
	}
	tb.Cleanup(p.finish)
	return p
}

// Run runs the command to its end, at most for Wait (0: two minutes), and returns what it
// wrote and its exit code. A program that cannot be started is fatal.
func Run(tb testing.TB, c Command) (stdout, stderr string, code int) {
	tb.Helper()
	var out, errs transcript
	cmd := c.build(tb, &out, &errs)
	if err := cmd.Start(); err != nil {
		tb.Fatalf("start %s: %v", c.Path, err)
	}
	wait := c.Wait
	if wait == 0 {
		wait = 2 * time.Minute
	}
	limit := time.AfterFunc(wait, func() { _ = syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) })
	defer limit.Stop()
	var exit *exec.ExitError
	if err := cmd.Wait(); err != nil && !errors.As(err, &exit) {
		tb.Fatalf("run %s: %v", c.Path, err)
	}
	return out.String(), errs.String(), cmd.ProcessState.ExitCode()
}

// must runs the command and fails the test unless it exits with 0.
func must(tb testing.TB, c Command) string {
	tb.Helper()
	stdout, stderr, code := Run(tb, c)
	if code != 0 {
		tb.Fatalf("%s %s: exit %d\n%s%s", c.Path, strings.Join(c.Args, " "), code, stdout, stderr)
	}
	return stdout
}

func (c Command) build(tb testing.TB, stdout, stderr *transcript) *exec.Cmd {
	tb.Helper()
	cmd := exec.Command(program(tb, c.Path), c.Args...)
	cmd.Dir, cmd.Stdout, cmd.Stderr = c.Dir, stdout, stderr
	cmd.Env = os.Environ()
	for name, value := range c.Env {
		cmd.Env = append(cmd.Env, name+"="+value)
	}
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Setpgid:    true,
		Pdeathsig:  syscall.SIGKILL,
		Credential: account(tb, c.User),
	}
	cmd.WaitDelay = 2 * time.Second
	return cmd
}

// PID returns the process id, which is also the id of its group.
func (p *Process) PID() int { return p.cmd.Process.Pid }

// Output returns everything written to standard output and error so far.
func (p *Process) Output() string { return p.output.String() }

// Running tells whether the program has not ended yet.
func (p *Process) Running() bool {
	select {
	case <-p.done:
		return false
	default:
		return true
	}
}

// Signal sends a signal to the program alone, not to its group.
func (p *Process) Signal(s syscall.Signal) {
	p.tb.Helper()
	if err := p.cmd.Process.Signal(s); err != nil && !errors.Is(err, os.ErrProcessDone) {
		p.tb.Fatalf("signal %s: %v", p.command.Path, err)
	}
}

// Exit waits for the program to end by itself and returns its exit code, -1
// when a signal ended it. It is fatal when that takes longer than within.
func (p *Process) Exit(within time.Duration) int {
	p.tb.Helper()
	select {
	case <-p.done:
	case <-time.After(within):
		p.tb.Fatalf("%s still runs after %s", p.command.Path, within)
	}
	return p.cmd.ProcessState.ExitCode()
}

// Kill ends the whole group at once with SIGKILL, as a power cut would, and
// waits until the program is gone.
func (p *Process) Kill() {
	_ = syscall.Kill(-p.PID(), syscall.SIGKILL) // gone already is fine
	<-p.done
}

// Close asks the program to end, waits, and kills what is left of its group.
// It may be called more than once.
func (p *Process) Close() {
	p.once.Do(func() {
		stop, wait := p.command.Stop, p.command.Wait
		if stop == 0 {
			stop = syscall.SIGTERM
		}
		if wait == 0 {
			wait = 10 * time.Second
		}
		_ = p.cmd.Process.Signal(stop) // gone already is fine
		select {
		case <-p.done:
		case <-time.After(wait):
			p.tb.Logf("%s did not stop within %s: killed", p.command.Path, wait)
		}
		p.Kill()
	})
}

func (p *Process) finish() {
	p.Close()
	if !p.tb.Failed() {
		return
	}
	p.tb.Logf("output of %s:\n%s", p.command.Path, tail(without(p.Output(), p.command.Hush)))
	for _, pattern := range p.command.Logs {
		files, _ := filepath.Glob(pattern)
		for _, file := range files {
			text, err := os.ReadFile(file)
			p.tb.Logf("log %s (%v):\n%s", filepath.Base(file), err, tail(string(text)))
		}
	}
}
