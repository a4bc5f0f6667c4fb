// Package schema holds the JSON Schemas (draft 2020-12) of what the OpenID provider says: what is always there, what may be, and
// of which type. The provider publishes them, and its tests validate everything they see against them.
package schema
