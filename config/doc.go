// Package config is the hub's configuration file as plain structs: how it is
// read, what is assumed when a key is absent, and what is refused.
//
// [Load] reads one YAML file and the environment, in that order, over the
// defaults, and reports every mistake at once, each with its place and, where
// one can be guessed, the remedy. A [Config] is fit for use only when its
// [Report] has no errors. Partners, people, keys and approvals are not
// configuration: they live in the store.
//
// The structs are the one source. Their tags carry each key's name, default,
// limits and meaning; the strict decoder, the environment names, the JSON
// Schema ([Schema], kept in lanyard.schema.json) and
// docs/reference/configuration.md are all derived from them, and tests fail
// when a copy has drifted (go test ./config -update writes them again).
//
//	load.go         the order of things: file, environment, defaults, checks
//	document.go     bytes to one YAML node tree, with limits
//	apply.go        nodes to struct fields
//	environment.go  LANYARD_* to struct fields
//	scalar.go       text to typed values
//	checks.go       rules between fields; listeners.go those about listeners
//	files.go        rules about the files that keys name
//
// The package imports nothing of ours, and the YAML library lives only here.
package config
