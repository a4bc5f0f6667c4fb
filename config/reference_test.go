package config

import (
	"fmt"
	"net/netip"
	"reflect"
	"strings"
	"testing"
)

// TestReference keeps docs/reference/configuration.md equal to the structs.
func TestReference(t *testing.T) {
	golden(t, "../docs/reference/configuration.md", reference())
}

const referenceHead = `# Configuration reference

<!-- Written by go test ./config -update from the struct tags in config/config.go. Do not edit. -->

` + "`lanyard serve --config FILE`" + ` reads one YAML file. Every mistake in it is reported at once, with its place and, where one can be guessed, the
remedy; a file with an error is not used at all. ` + "`lanyard config validate`" + ` reports without starting, ` + "`lanyard config show`" + ` prints every
effective value and where it came from, ` + "`lanyard config schema`" + ` prints a JSON Schema for editors.

Partners, people, keys and approvals are not configuration: they live in the store.

## Rules

- **Strict.** A key that is not listed here is an error, as is a key given twice, a second YAML document, a tag, a merge key, more than 64 aliases, or a file over 1 MiB.
- **Units.** A duration is a number with a unit: d, h, m, s or ms, as in ` + "`15m` or `1h30m`" + `. There is no default unit.
- **File names** that are relative start from the directory of the configuration file.
- **Environment.** ` + "`LANYARD_`" + ` and the key's path in capitals, with two underscores between levels, replaces what the file says:
  ` + "`LANYARD_SESSION__IDLE=20m`" + `. Items of a list are parted by commas. A ` + "`LANYARD_`" + ` name that is not a key is an error; only
  ` + "`LANYARD_COMPONENTS` and `LANYARD_TEST_*`" + `, which the project's own tests use, are left alone. In Kubernetes a service called
  ` + "`lanyard`" + ` makes such names: set ` + "`enableServiceLinks: false`" + `.
- **Secrets** are best kept in files of their own, mode 0600; anything looser is a warning. A secret written into a configuration file that others can
  read is an error in production and a warning in a trial. A secret and its ` + "`_file`" + ` may not both be given.
- **systemd credentials.** A secret file given as a bare name is looked for in ` + "`$CREDENTIALS_DIRECTORY`" + ` first. One that is not given at all is
  taken from the credential called like its key without ` + "`_file`" + `, such as ` + "`keys.signing` or `store.dsn`" + `.
- **Shorthands.** ` + "`listen` and `tls`" + ` stand for the address and the certificate of ` + "`listeners.public`" + `; give one or the other.

## Keys
`

// reference is the whole document.
func reference() string {
	var b strings.Builder
	b.WriteString(referenceHead)
	root := tree()
	b.WriteString("\n### Top level\n")
	tableOf(&b, root)
	section(&b, root)
	return b.String()
}

// section writes one heading and table for every group with keys of its own.
func section(b *strings.Builder, group *field) {
	for _, f := range group.children {
		if !f.group() && !f.named || f.shorthand {
			continue
		}
		path := f.path
		if f.named {
			path = join(path, placeholder)
		}
		fmt.Fprintf(b, "\n### %s\n\n%s\n", path, f.doc)
		tableOf(b, f)
		section(b, f)
	}
}

func tableOf(b *strings.Builder, group *field) {
	b.WriteString("\n| key | type | default | meaning |\n|---|---|---|---|\n")
	for _, f := range group.children {
		fmt.Fprintf(b, "| `%s` | %s | %s | %s |\n", f.name, typeOf(f), strings.ReplaceAll(defaultText(f), "|", "\\|"), strings.ReplaceAll(f.doc, "|", "\\|"))
	}
}

func typeOf(f *field) string {
	switch {
	case f.choice:
		return "list of names, or keys"
	case f.named:
		return "names, each with keys"
	case f.group():
		return "keys"
	case f.list():
		return "list of " + single(f)
	default:
		return single(f)
	}
}

func single(f *field) string {
	formats := map[string]string{
		"issuer": "URL", "address": "address", "socket": "address or socket", "host": "host name", "wildcard": "host pattern", "ods": "ODS code",
		"file": "file", "keyfile": "secret file", "newkeyfile": "secret file", "path": "path", "eku": "name or OID", "context": "class and words",
		"aaguid": "AAGUID", "keymodel": "AAGUID, AAL1 to AAL3, name",
		"localized": "text in a language", "localized_url": "URL in a language", "logo": "size and URL", "mailbox": "mailbox", "uri": "URI", "attribute": "attribute name",
		"geo": "geo: URI", "instant": "time", "reason": "code and text", "word": "word", "oid": "OID", "source_url": "URL",
	}
	text := formats[f.format]
	switch {
	case f.duration():
		text = "duration"
	case f.fromFile:
	case f.elem() == reflect.TypeFor[netip.Prefix]():
		text = "network (CIDR)"
	case f.secret:
		text = "secret"
	case len(f.enum) > 0:
		text = "`" + strings.Join(f.enum, "`, `") + "`"
	case f.typ.Kind() == reflect.Bool:
		text = "true, false"
	case f.typ.Kind() == reflect.Int:
		text = "number"
	case text == "":
		text = "text"
	}
	var limits []string
	if f.min != "" {
		limits = append(limits, "from "+f.min)
	}
	if f.max != "" {
		limits = append(limits, "to "+f.max)
	}
	if len(limits) > 0 {
		text += ", " + strings.Join(limits, " ")
	}
	return text
}

func defaultText(f *field) string {
	switch {
	case f.required:
		return "**required**"
	case f.derived != "":
		return f.derived
	case f.fallback != "" && f.list():
		return "`[" + strings.Join(strings.Fields(f.fallback), ", ") + "]`"
	case f.fallback != "":
		return "`" + f.fallback + "`"
	default:
		return ""
	}
}
