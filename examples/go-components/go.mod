module example.com/go-components

go 1.22
