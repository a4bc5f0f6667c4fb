package agent

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	"go.yaml.in/yaml/v3"

	"github.com/lanyard-hub/lanyard/cmd/agent/access"
	"github.com/lanyard-hub/lanyard/cmd/agent/loopback"
)

// ErrConfig: the configuration cannot be used.
var ErrConfig = errors.New("agent: the configuration cannot be used")

// Config is the configuration file. docs/reference/agent.md describes every key.
type Config struct {
	Hub       Hub                 `yaml:"hub"`
	StateDir  string              `yaml:"state_dir"`
	Modules   []string            `yaml:"modules"`
	Origins   []string            `yaml:"origins"`
	Audiences map[string][]string `yaml:"audiences"`
	Ports     []int               `yaml:"ports"`
	PIN       PIN                 `yaml:"pin"`
	Lock      Lock                `yaml:"lock"`
	Role      Role                `yaml:"role"`
	Ticket    Ticket              `yaml:"ticket"`
	Log       Log                 `yaml:"log"`
}

// Hub says where the hub is.
type Hub struct {
	Issuer string `yaml:"issuer"`
	CAFile string `yaml:"ca_file"`
}

// PIN says how it is asked for.
type PIN struct {
	Program string        `yaml:"program"`
	Command []string      `yaml:"command"`
	Timeout time.Duration `yaml:"timeout"`
	Cache   time.Duration `yaml:"cache"`
}

// Lock says how the screen is locked.
type Lock struct {
	Command []string `yaml:"command"`
}

// Role says how a role is chosen for a ticket.
type Role struct {
	Prefer  []string `yaml:"prefer"`
	Command []string `yaml:"command"`
}

// Ticket says where tickets come from, and which pages may have them.
type Ticket struct {
	URL     string   `yaml:"url"`
	Origins []string `yaml:"origins"`
}

// Log says what is logged.
type Log struct {
	Level string `yaml:"level"`
}

// maxConfig bounds the file, in bytes.
const maxConfig = 64 << 10

// Defaults are those of an empty file.
func Defaults() Config {
	return Config{Ports: loopback.Ports(), PIN: PIN{Timeout: time.Minute}, Lock: Lock{Command: lockCommand()}, Log: Log{Level: "info"}}
}

// LoadConfig reads the file strictly: a key that does not exist is an error, and so is a file that others can change, because it
// names programs to run. With lab, the hub may be http on this machine.
func LoadConfig(path string, lab bool) (Config, error) {
	f, err := os.Open(path)
	if err != nil {
		return Config{}, fmt.Errorf("%w: %w", ErrConfig, err)
	}
	defer f.Close()
	if guarded, err := access.Guarded(f); err != nil || !guarded {
		return Config{}, errors.Join(fmt.Errorf("%w: %s is not an administrator's file or the user's own, or others can change it", ErrConfig, path), err)
	}
	text, err := io.ReadAll(io.LimitReader(f, maxConfig+1))
	if err != nil {
		return Config{}, fmt.Errorf("%w: %w", ErrConfig, err)
	}
	c, err := readConfig(text, lab)
	if err != nil {
		return Config{}, fmt.Errorf("%w: %s: %w", ErrConfig, path, err)
	}
	return c, nil
}

func readConfig(text []byte, lab bool) (Config, error) {
	if len(text) > maxConfig {
		return Config{}, fmt.Errorf("longer than %d bytes", maxConfig)
	}
	c := Defaults()
	d := yaml.NewDecoder(bytes.NewReader(text))
	d.KnownFields(true)
	if err := d.Decode(&c); err != nil && !errors.Is(err, io.EOF) {
		return Config{}, err
	}
	if err := d.Decode(new(any)); !errors.Is(err, io.EOF) {
		return Config{}, errors.New("more than one document")
	}
	c.complete()
	return c, c.check(lab)
}

// complete fills in what depends on other keys.
func (c *Config) complete() {
	c.Hub.Issuer = strings.TrimSuffix(c.Hub.Issuer, "/")
	if c.StateDir == "" {
		c.StateDir = stateDir()
	}
	if origin := originOf(c.Hub.Issuer); origin != "" && !slices.Contains(c.Origins, origin) {
		c.Origins = append(c.Origins, origin)
	}
}

// originOf is the origin of an address as browsers write it; empty if it has none.
func originOf(address string) string {
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return ""
	}
	return u.Scheme + "://" + u.Host
}
