package notation

import (
	"fmt"
	"regexp"
)

// A Rule is one form of a step and its meaning to a player, whose steps are of type S.
type Rule[S any] struct {
	form  *regexp.Regexp
	parse func(m []string) (S, error)
}

// On returns the rule for steps that match pattern as a whole. parse gets the text of each group of the
// pattern, from index 1 on.
func On[S any](pattern string, parse func(m []string) (S, error)) Rule[S] {
	return Rule[S]{regexp.MustCompile(`(?s)^(?:` + pattern + `)$`), parse}
}

// ParseStep reads a step by the first rule that it matches.
func ParseStep[S any](rules []Rule[S], text string) (s S, err error) {
	for _, r := range rules {
		if m := r.form.FindStringSubmatch(text); m != nil {
			return r.parse(m)
		}
	}
	return s, fmt.Errorf("no step is written %q", text)
}

// WebSocketName is the name of the connection of a step that may name none.
func WebSocketName(name string) string {
	if name == "" {
		return "w"
	}
	return name
}
