// Package extproc takes one request the whole way: cache, classification, decision.
package extproc

import (
	"example.com/go-components/cache"
	"example.com/go-components/classify"
	"example.com/go-components/decision"
)

// Processor is what a proxy asks for every request.
type Processor struct {
	Category  *classify.Classifier
	Jailbreak *classify.Classifier
	Engine    *decision.Engine
	Cache     *cache.Cache
}

// Outcome says what is to be done with a request.
type Outcome struct {
	Blocked bool
	Cached  bool
	Model   string
}

// Process decides on a prompt with its embedding.
func (p *Processor) Process(prompt string, embedding *cache.Vector) Outcome {
	if classify.HasPII(prompt) || p.Jailbreak.Classify(prompt).Label == "jailbreak" {
		return Outcome{Blocked: true}
	}
	category := p.Category.Classify(prompt).Label
	var room [16]int
	rule := p.Engine.Select(p.Engine.Evaluate(room[:0], prompt, category))
	_, hit := p.Cache.Lookup(embedding)
	outcome := Outcome{Cached: hit, Model: "default"}
	if rule != nil {
		outcome.Model = rule.Model
	}
	return outcome
}
