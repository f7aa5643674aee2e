// Package classify tells what a prompt is about and whether it may pass: linear classifiers over hashed words.
package classify

import (
	"math"
	"math/rand"
	"regexp"
)

// features is the number of buckets that words are hashed into.
const features = 1 << 14

// Classifier is a linear model: a weight for each class and feature.
type Classifier struct {
	Labels  []string
	weights [][]float32
}

// Result is the class of a text and its softmax probability.
type Result struct {
	Label       string
	Probability float64
}

// New makes a classifier whose weights are drawn from a fixed seed.
func New(seed int64, labels ...string) *Classifier {
	random := rand.New(rand.NewSource(seed))
	weights := make([][]float32, len(labels))
	for class := range weights {
		weights[class] = make([]float32, features)
		for feature := range weights[class] {
			weights[class][feature] = float32(random.NormFloat64()) / 8
		}
	}
	return &Classifier{Labels: labels, weights: weights}
}

// Classify scores a text: one pass over its words and their neighbours.
func (c *Classifier) Classify(text string) Result {
	scores := make([]float64, len(c.Labels))
	c.score(text, scores)
	best, sum := 0, 0.0
	for class, score := range scores {
		if score > scores[best] {
			best = class
		}
	}
	for _, score := range scores {
		sum += math.Exp(score - scores[best])
	}
	return Result{Label: c.Labels[best], Probability: 1 / sum}
}

// Batch classifies several texts.
func (c *Classifier) Batch(texts []string) []Result {
	results := make([]Result, len(texts))
	for index, text := range texts {
		results[index] = c.Classify(text)
	}
	return results
}

func (c *Classifier) score(text string, scores []float64) {
	hash, before := uint32(offset), uint32(0)
	for index := 0; index <= len(text); index++ {
		if index < len(text) && text[index] != ' ' {
			hash = (hash ^ uint32(text[index]|0x20)) * prime
			continue
		}
		word, pair := hash%features, (hash^before*prime)%features
		for class, weights := range c.weights {
			scores[class] += float64(weights[word] + weights[pair])
		}
		hash, before = offset, hash
	}
}

// FNV-1a.
const (
	offset = 2166136261
	prime  = 16777619
)

var pii = []*regexp.Regexp{
	regexp.MustCompile(`[a-z0-9._%+-]+@[a-z0-9.-]+\.[a-z]{2,}`),
	regexp.MustCompile(`\b\d{3}-\d{2}-\d{4}\b`),
	regexp.MustCompile(`\b(?:\d{4}[ -]?){3}\d{4}\b`),
}

// HasPII tells whether a text holds an address of mail, a social security number or a credit card.
func HasPII(text string) bool {
	for _, pattern := range pii {
		if pattern.MatchString(text) {
			return true
		}
	}
	return false
}
