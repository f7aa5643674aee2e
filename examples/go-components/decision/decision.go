// Package decision chooses a route for a request by rules over its domain and its words.
package decision

import (
	"regexp"
	"strings"
)

// Rule sends what it matches to a model. Of several the highest priority wins, of equals the first.
type Rule struct {
	Name     string
	Priority int
	Domains  []string
	Keywords []string
	Pattern  *regexp.Regexp
	Model    string
}

// Engine holds the rules.
type Engine struct {
	rules []Rule
}

// New makes an engine; keywords are matched in lower case.
func New(rules []Rule) *Engine {
	return &Engine{rules: rules}
}

// Evaluate appends the indexes of the rules that match to found, and returns it.
func (e *Engine) Evaluate(found []int, text string, domains ...string) []int {
	lower := strings.ToLower(text)
	for index := range e.rules {
		if e.rules[index].matches(lower, domains) {
			found = append(found, index)
		}
	}
	return found
}

// Select returns the rule of the highest priority; nil where none is left.
func (e *Engine) Select(found []int) *Rule {
	var best *Rule
	for _, index := range found {
		if rule := &e.rules[index]; best == nil || rule.Priority > best.Priority {
			best = rule
		}
	}
	return best
}

func (r *Rule) matches(lower string, domains []string) bool {
	if len(r.Domains) > 0 && !overlap(r.Domains, domains) {
		return false
	}
	if len(r.Keywords) > 0 && !containsAny(lower, r.Keywords) {
		return false
	}
	return r.Pattern == nil || r.Pattern.MatchString(lower)
}

func overlap(wanted, given []string) bool {
	for _, one := range wanted {
		for _, other := range given {
			if one == other {
				return true
			}
		}
	}
	return false
}

func containsAny(text string, words []string) bool {
	for _, word := range words {
		if strings.Contains(text, word) {
			return true
		}
	}
	return false
}
