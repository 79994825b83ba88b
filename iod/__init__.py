"""What objects mean: IOD checks, references, protocols, approvals and samples."""
