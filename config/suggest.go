package config

import "strings"

// nearest returns the candidate most like the word, or else one that begins
// like it ("key" for "key_file"), or "" when none is near enough for a guess:
// more than one character in three is wrong.
func nearest(word string, candidates []string) string {
	best, found := max(1, len(word)/3)+1, ""
	for _, c := range candidates {
		if d := distance(word, c); d < best {
			best, found = d, c
		}
	}
	for _, c := range candidates {
		if found == "" && min(len(word), len(c)) > 2 && (strings.HasPrefix(c, word) || strings.HasPrefix(word, c)) {
			found = c
		}
	}
	return found
}

// distance counts the insertions, deletions, substitutions and swaps of
// neighbours between two words (optimal string alignment), byte by byte.
func distance(a, b string) int {
	if len(a) > 128 || len(b) > 128 {
		return 128
	}
	var before []int
	row := make([]int, len(b)+1)
	for j := range row {
		row[j] = j
	}
	for i := 1; i <= len(a); i++ {
		next := make([]int, len(b)+1)
		next[0] = i
		for j := 1; j <= len(b); j++ {
			cost := 1
			if a[i-1] == b[j-1] {
				cost = 0
			}
			next[j] = min(row[j]+1, next[j-1]+1, row[j-1]+cost)
			if i > 1 && j > 1 && a[i-1] == b[j-2] && a[i-2] == b[j-1] {
				next[j] = min(next[j], before[j-2]+1)
			}
		}
		before, row = row, next
	}
	return row[len(b)]
}
