"""The world: drivers that act on AWS, observers that look at it. boto3 is used here only."""
