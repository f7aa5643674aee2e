package benchmarks

import (
	"fmt"
	"regexp"
	"testing"
	"time"

	"example.com/go-components/decision"
)

var domains = []string{"math", "code", "biology", "economics", "law", "history", "literature", "physics"}

// engine has forty rules: by domain, by keywords, and by patterns.
var engine = func() *decision.Engine {
	var rules []decision.Rule
	for index, domain := range domains {
		rules = append(rules,
			decision.Rule{Name: domain, Priority: 10 + index, Domains: []string{domain}, Model: domain + "-model"},
			decision.Rule{Name: domain + "-urgent", Priority: 50 + index, Domains: []string{domain}, Keywords: []string{"urgent", "invoice"}, Model: "fast"},
			decision.Rule{Name: domain + "-proof", Priority: 30, Domains: []string{domain}, Pattern: regexp.MustCompile(`proof of \w+|step by step`), Model: "reasoning"},
			decision.Rule{Name: fmt.Sprint("words-", index), Priority: 5, Keywords: []string{"translate", "summary", domain}, Model: "small"},
			decision.Rule{Name: fmt.Sprint("number-", index), Priority: index, Pattern: regexp.MustCompile(`\d{3,}`), Model: "calculator"},
		)
	}
	return decision.New(rules)
}()

func benchmarkEvaluate(b *testing.B, texts []string, given ...string) {
	found := make([]int, 0, 64)
	var matching time.Duration
	measure(b, func(i int) {
		started := time.Now()
		found = engine.Evaluate(found[:0], texts[i%len(texts)], given...)
		matching += time.Since(started)
		engine.Select(found)
	})
	// Of the whole the time in which rules are matched; warm-up included on both sides.
	b.ReportMetric(float64(matching.Nanoseconds())/float64(b.N+10), "rule-match-ns/op")
}

func BenchmarkEvaluateDecisions_SingleDomain(b *testing.B) {
	benchmarkEvaluate(b, []string{"what is the derivative of a matrix"}, "math")
}

func BenchmarkEvaluateDecisions_MultipleDomains(b *testing.B) {
	benchmarkEvaluate(b, []string{"what does the law say of code that proves a theorem"}, "math", "code", "law")
}

func BenchmarkEvaluateDecisions_WithKeywords(b *testing.B) {
	benchmarkEvaluate(b, prompts(), "economics")
}

func BenchmarkPrioritySelection(b *testing.B) {
	found := engine.Evaluate(nil, "urgent invoice 12345: translate the summary of this proof of payment", domains...)
	if len(found) < 10 {
		b.Fatalf("expected many rules to match, found %d", len(found))
	}
	measure(b, func(int) { engine.Select(found) })
}
